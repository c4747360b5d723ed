"""The words that announce an answer, take it back, join several or measure one, in many languages.

A cue is a noun and what links it to the answer: "the answer to this is", "la réponse est", "答案是". Languages that put
the verb last (Hindi, Japanese, Korean) have the particle or nothing in between. Every pattern is bounded, so that
looking for all of them takes time linear in the text.
"""

from __future__ import annotations

import re

# "answer [to the second question] is": bounded, and not a clause of its own.
_CLAUSE = r"because|since|if|whether|when|back|into|by|questions?|choices?|as requested"
_BETWEEN = rf"(?:[ *]{{1,3}}(?:(?!\b(?:{_CLAUSE})\b)[^\n.,;:!?=$\\{{}}()\[\]<>#|]){{1,60}}?)?"
_MARKS = r"[*_ ]{0,6}"

#: language -> (nouns for the answer, nouns that a step may have too, verbs that link either to what it is)
_SPACED = {
    "en": (
        r"(?<!to )answers?|ans",
        r"results?|solutions?",
        r"is|are|was|were|equals?|becomes|comes (?:out )?to|can only be|"
        r"(?:would|should|must|will|has to|turns out to|to|can(?:no|'|’)t|can|could(?: not|n't)?) be",
    ),
    "fr": (r"réponses?", r"r[ée]sultats?|solutions?", r"est|sont|vaut|valent|serait|sera|égale"),
    "de": (r"antwort(?:en)?|lösung(?:en)?", r"ergebnis(?:se)?|resultat", r"ist|sind|lautet|lauten|beträgt|wäre"),
    "es": (r"respuestas?", r"resultados?|soluci[óo]n(?:es)?", r"es|son|ser[íi]a|será|equivale a"),
    "pt": (r"respostas?", r"resultados?|solução|soluções", r"é|são|seria|será|e igual a"),
    "it": (r"rispost[ae]", r"risultat[oi]|soluzion[ei]", r"è|sono|sarebbe|sarà"),
    "ru": (r"ответ\w{0,3}", r"результат\w{0,3}|решени\w{1,2}", r"равен|равна|равно|равны|это|есть|будет|составляет"),
    "ar": (r"(?:ال)?(?:جواب|إجابة|اجابة)", r"(?:ال)?(?:نتيجة|ناتج|حل)", r"هو|هي|يساوي|تساوي|يكون"),
    "hi": (r"उत्तर|जवाब", r"परिणाम|हल", r"है|होगा"),
    "nl": (r"antwoord(?:en)?", r"oplossing(?:en)?|resultaat", r"is|zijn|luidt|bedraagt"),
    "pl": (r"odpowied(?:ź|zi|zią)", r"wynik(?:iem)?|rozwiązani(?:e|em|a)", r"to|jest|są|brzmi|wynosi"),
    "sv": (r"svar(?:et)?", r"resultatet|lösningen", r"är|blir"),
    "uk": (r"відповід(?:ь|дю)", r"розв['’]язок", r"це|дорівнює"),
    "tr": (r"cevap|cevabı|yanıt", r"sonuç", r"şudur"),
    "vi": (r"đáp án|đáp số|câu trả lời", r"kết quả", r"là|bằng"),
    "id": (r"jawaban(?:nya)?", r"hasil(?:nya)?", r"adalah|yaitu"),
}
#: What every noun above begins with or contains: a cheap look before the patterns are tried.
_STEMS = (
    "antwoord oplossing resultaat odpowied wynik rozwiązani svar відповід розв cevap cevab yanıt sonuç đáp trả kết "
    "jawab hasil "
    "answer ans result solution soluci soluç soluzion réponse résultat resultat antwort lösung ergebnis respuesta "
    "resposta rispost risultat ответ результат решени جواب إجابة اجابة نتيجة ناتج حل उत्तर जवाब परिणाम हल "
    "答 正解 結果 结果 정답 해답 답 결과"
).split()
_STRONG = "|".join(strong for strong, _, _ in _SPACED.values())
_WEAK = "|".join(weak for _, weak, _ in _SPACED.values())
_VERBS = "|".join(verb for _, _, verb in _SPACED.values())
_LINK = rf"(?:{_BETWEEN}{_MARKS}\b(?:{_VERBS})(?:n['’]t)?\b|{_MARKS}(?:[:：=–—]|-(?=\s))){_MARKS}"
_DENSE_LINK = r"[^\n。，,.;；:：!！?？=$\\]{0,12}?(?:应该是|應該是|就是|应为|是|为|為|等于|＝|=|：|:|は|が)"

CUE = re.compile(
    rf"(?:\b(?:{_STRONG})(?!\w){_LINK}"
    rf"|(?P<weak>\b(?:{_WEAK})(?!\w){_LINK}|(?:結果|结果){_DENSE_LINK}|결과(?:은|는|이|:|：))"
    r"|\b(?:answer|ans|उत्तर|ответ)\.?(?=\s{1,3}(?:\$|\\\(|\\\[|-?\d))"
    r"|^\W{0,8}(?:final )?answer[^\w$\\\n]{0,6}$"
    rf"|(?:答案|答え|解答|正解|答){_DENSE_LINK}|(?:정답|해답|답)(?:은|는|이|:|：))",
    re.IGNORECASE | re.MULTILINE,
)
#: "5 is the answer": the answer stands before it.
CUE_AFTER = re.compile(
    r"[*_`]{0,3}[ ,]{1,2}(?:is|are|must be|would be|as|est|ist|es|é|è) (?:therefore |thus |hence |indeed |then )?"
    r"(?:the|our|my|an?|la|die|das|notre|a|il) (?:[a-zé]{3,12} ){0,2}(?:answer|solution|result|réponse|lösung|"
    r"respuesta|resposta)\b",
    re.IGNORECASE,
)
#: A sentence that draws a conclusion. "So" and "then" open too many others.
CONCLUSION = re.compile(
    r"\b(?:therefore|hence|thus|consequently|in conclusion|to conclude|we conclude|par conséquent|en conclusion|donc|"
    r"daher|somit|folglich|por lo tanto|por tanto|en conclusión|portanto|assim|logo|quindi|pertanto|dunque|"
    r"следовательно|таким образом|итак|значит)\b"
    r"|因此|所以|综上|したがって|よって|ゆえに|따라서|그러므로|لذلك|لذا|إذن|इसलिए|अतः",
    re.IGNORECASE,
)
NEGATION = re.compile(
    r"n['’]t\b|\b(?:not|never|cannot|neither|nor|anything but|anything except|other than|unlikely|"
    r"nowhere near|rather than|instead of|different from|ne|pas|jamais|nicht|kein\w{0,2}|niemals|não|nunca|non|не|"
    r"ни|नहीं|ليس|ليست|لا)\b"
    r"|不是|不为|不等于|不会|并非|不可能|ではない|じゃない|ではありません|아니",
    re.IGNORECASE,
)
#: Spanish "no es 5", but not English "no solution".
_NOT_ES = re.compile(r"\bno\b(?=\s+(?:es|son|puede|será|è|sono|é|$|\S*\d))", re.IGNORECASE)
#: What stands between a cue and its answer and says nothing.
FILLER = re.compile(
    r"(?:[\s*_:：,–—>]|(?<=\n)-(?=\s)|\b(?:that|simply|just|exactly|precisely|then|thus|therefore|hence|so|indeed|clearly|"
    r"obviously|"
    r"definitely|certainly|surely|for sure|now|still|given by|as follows|equal to|found to be|going to be|be|is|"
    r"are|equals|"
    r"either|approximately|approx\.|about|around|roughly|the (?:number|value|set|interval|point|expression|formula|"
    r"equation|function|matrix|vector|pair|ordered pair|fraction|tuple|triple|option|choice|polynomial|total|sum|"
    r"amount)(?: of)?|option|"
    r"choice|a total of|donc|alors|environ|égale? à|l['’](?:ensemble|intervalle)|also|daher|somit|genau|gleich|etwa|"
    r"entonces|por lo tanto|igual a|aproximadamente|portanto|então|quindi|dunque|uguale a|circa|"
    r"равно|равна|равен|примерно|это)\b|约为|约|大约|等于|是|为|は|約|약|هو|هي|है)+",
    re.IGNORECASE,
)
#: Words that join the members of one answer.
JOINER = re.compile(
    r"(?:[\s,;，、；&]|\\(?:quad|qquad|[,;: !])|\\(?:text|textrm|mathrm|mbox)\s*\{\s*(?:,|and|or|et|ou|und|oder|y|e|o|"
    r"и|или|和|或)?\s*\}|"
    r"\b(?:and|or|et|ou|und|oder|y|e|o|ed|и|или)\b|和|或者|或|及|以及|または|と|그리고|또는|و|أو|और|या)+",
    re.IGNORECASE,
)
#: A remark about an answer rather than one.
RETRACTS = re.compile(r"(?:wrong|incorrect|false|mistaken|invalid)\b", re.IGNORECASE)
REMARK = re.compile(
    r"(?:in)?(?:correct|valid|accurate)|right|wrong|reasonable|plausible|consistent|unique|clear|obvious|below|"
    r"above|here|"
    r"the same|as required|as expected|unknown|unclear|uncertain|verified|confirmed|complete|good|fine|yours|mine",
    re.IGNORECASE,
)
#: The verb that ends a sentence of Japanese, Korean or Hindi.
ENDINGS = re.compile(r"\s?(?:です|でした|である|となります|になります|입니다|이다|이에요|예요|हैं|है|होगा)\W*$")
UNEQUAL = re.compile(r"(?:≠|!=|\\neq?(?![a-zA-Z]))\s*$")
#: What begins an explanation that follows an answer.
EXPLAINS = re.compile(
    r"[\s,;，；(–—-]+(?:because|since|as (?:we|the|it|there|in|shown|required|desired|expected)|which|so that|"
    r"given that|where|when|"
    r"due to|for which|but|not|rather|instead|it (?:is|can|could|does)|they|this|we|and (?:not|we|this|the|that|so|"
    r"it)|i\.e\.|that is|car|puisque|"
    r"parce|weil|denn|porque|ya que|pois|perché|потому|так как)\b|[\s,，]*(?:因为|因為|而不是|なぜなら)"
    r"|\s\((?!mod\b)(?:[^\W\d_]{3,})[ ),]",
    re.IGNORECASE,
)
#: Units of measurement that belong to the number before them. Longer ones first within a family.
UNIT_WORDS = (
    r"per ?cent(?:age points?|ages?)?|percentages?|pct|pour ?cent|prozent|por ciento|por cento|per cento|"
    r"процент\w{0,3}|"
    r"degrees?(?: (?:celsius|fahrenheit))?|radians?|degrés?|grad|grados|градус\w{0,3}|"
    r"(?:square|cubic|sq\.?|cu\.?) (?:milli|centi|deci|kilo)?(?:meters?|metres?|inch(?:es)?|feet|foot|yards?|"
    r"miles?|units?|[ck]?m|ft|in)|"
    r"(?:milli|centi|deci|kilo)?(?:met(?:er|re)s?|grams?|grammes?|lit(?:er|re)s?|joules?|watts?|newtons?|volts?|"
    r"hertz|pascals?)|"
    r"inch(?:es)?|feet|foot|yards?|miles?|acres?|hectares?|pounds?|ounces?|tons?|tonnes?|gallons?|quarts?|pints?|"
    r"cups?|"
    r"milliseconds?|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|"
    r"heures?|jours?|semaines?|mois|ans|années?|stunden?|minuten|sekunden|tagen?|wochen?|monaten?|jahren?|horas?|"
    r"minutos?|"
    r"segundos?|días?|dias?|semanas?|meses|años?|anos?|ore|ora|giorni|минут\w?|час\w{0,2}|метр\w{0,2}|см|мм|км/ч|"
    r"км|кг|рубл\w{1,3}|"
    r"dollars?|cents?|euros?|yuan|yen|rupees?|pesos?|rubles?|units?|"
    r"mph|kph|kmh|km/h|km/s|m/s(?:\^?2|²)?|ft/s|kwh|rpm|mpg|"
    r"[mcdkµμ]?m(?:\^?[23]|[²³])?|[mk]?g|[mcd]?[lL]|lbs?|oz|ft(?:\^?[23]|[²³])?|yds?|ms|[smh]|k?[JWN]|[kMG]?Hz|"
    r"k?Pa|°\s?[CF]?|"
    r"[ap]\.?m\b\.?|o['’]clock"
)
_PER = (
    r"(?:\s?(?:per|/|pro|por|par|a|an)\s?(?:second|sec|minute|min|hour|hr|day|week|month|year|person|mile|gallon|"
    r"pound|kg|h|s|stunde|heure|hora)\b)?"
)
_DENSE_UNIT = (
    r"(?:平方|立方)?(?:公斤|千克|公里|千米|厘米|毫米|米|美元|欧元|日元|円|人民币|百分点|小时|时间|時間|分钟|分鐘|秒钟|元|页|頁|个|個|只|件|颗|天|年|岁|人|次|度|分|秒|克|升|本|"
    r"枚|匹|개|명|원|시간|분|초|킬로미터|미터)"
)
_NO_UNIT = (
    r"(?:and|or|if|is|are|for|where|when|as|which|so|since|because|with|in|on|at|of|the|not|but|et|ou|und|y|e|или|и)"
)
UNIT = re.compile(
    rf"(?:\\?[%％‰]|\^\{{?\\circ\}}?(?:\s?[CF]\b)?|\\(?:degree|circ)\b|[€£¥₹₽]|"
    rf"~?\\(?:text|textrm|textnormal|mathrm|mbox|rm|"
    rf"operatorname)\s*\{{\s*(?!{_NO_UNIT}\b)[^\W\d_][^{{}}$\\]{{0,40}}\}}(?:\^\{{?[23]\}}?)?|"
    rf"[ \u00a0~]{{0,2}}(?:(?:(?i:{UNIT_WORDS})(?![^\W_]){_PER})|\\?[%％]|[€£¥₹₽])|\s?{_DENSE_UNIT})"
)


def negated(text: str) -> bool:
    """Whether a phrase denies what it names."""
    return bool(NEGATION.search(text) or _NOT_ES.search(text))


def names_an_answer(text: str) -> bool:
    """Whether a text can hold a cue at all."""
    lowered = text.lower()
    return any(stem in lowered for stem in _STEMS)
