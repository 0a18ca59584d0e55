"""The words with which forms ask, as patterns for cleaned labels; see `bridge.mapping.questions`."""

import re

OTHER_PERSON = re.compile(
    r"\b(emergenc\w*|partner|spouse|wife|husband|fiance|boyfriend|girlfriend|room ?mates?|house ?mates?"
    r"|co ?(?:applicant|tenant|renter|signer|occupant|resident|borrower)s?|guarantors?|land ?lords?|landlady"
    r"|refer(?:red|rer|rers|ral|rals|ence|ences|s)?|realtors?|brokers?|agents?|friends?|employers?|supervisors?"
    r"|managers?|parents?|mother|father|guardian|compan(?:y|ies|ion)|pets?|dogs?|cats?|vehicles?|cars?"
    r"|(?:second|secondary|additional|another|other) (?:person|adult|applicant|tenant|occupant|guest|renter|resident)s?"
    r"|someone|somebody|their|his|her|kin|child|children|kids|occupants?|plus one|additional guests?|guests"
    r"|locators?|case ?workers?|case managers?|social workers?|assistants?|advocates?|accompan\w*"
    r"|(?:touring|coming|visiting|joining|moving(?: in)?|living|person) with|joining|support person|doorman|insurance"
    r"|school|hr|urgenc\w*|notfall\w*|referencias?"
    r"|pareja|conyuge|espos[oa]|partenaire|conjointe?|conjuge|lebensgefahrt\w*|ehe(?:mann|frau|partner\w*)"
    r"|vermieter\w*|proprietaire|caser[oa]|arrendador\w*|senhorio|locador\w*|garante?s?|fiador\w*|avalista|burge\w*"
    r"|padres?|madre|hij[oa]s?|empleador\w*|empregador\w*|jefe|chefe|employeur|arbeitgeber\w*|freund\w*|amig[oa]s?"
    r"|companer[oa]s?|companheir[oa]s?|colocataires?|mitbewohner\w*|relatives?|family member|neighbou?rs?|siblings?"
    r"|sisters?|brothers?|mom|mum|dad|aunts?|uncles?|cousins?|daughters?|grand\w+|attorneys?|lawyers?|counsell?ors?"
    r"|interpreters?|translators?|care ?givers?|carers?|nurses?|doctors?|boss|co ?workers?|colleagues?|sponsors?"
    r"|trustees?|payees?|witness|representatives?|ice (?:name|phone|number|contact)|familiar(?:es)?|vecin[oa]s?"
    r"|herman[oa]s?|abogad[oa]s?|soeur|frere|mere|pere|voisine?s?|avocate?|schwester|bruder|mutter|vater"
    r"|nachbar\w*|anwalt\w*)\b"
    r"|\b(?!(?:applicant|prospect|renter|resident|tenant|guest|visitor|customer|client|lead|contact|person|lessee"
    r"|attendee|invitee|caller|user|what|who|it|that|here|today)\b)"
    r"[a-z]+ s (?:(?:full|first|last|cell|home|work|best) )?"
    r"(?:names?|e ?mail|phone|cell|mobile|number|contact)\b"
)
"""Behind it also whose name or number it is: `Mom's cell`."""
OTHER_DATE = re.compile(
    r"\b(mov(?:e|es|ing)|lease|birth(?:day|date)?|born|dob|occup\w*|call(?: ?back)?|callback|reach|contact|text you"
    r"|graduat\w*|employ\w*|hired?|applications?|possession|jobs?|expir\w*|school|semester|arriv\w*|anniversary|sign(?:ed|ature)?|submi\w*"
    r"|need\w*|vacat\w*|evict\w*|notice|reference|license|start date|today s date|today|current\w*|hear|heard|mudanza"
    r"|nacimiento|emmenag\w*|einzug\w*|second choice|third choice|alternat\w*|back ?up|2nd|3rd|full time|part time"
    r"|first time|last time|created?|updated?|modified|timestamp|sent|received|entry|landed"
    r"|follow ?up|deadline|apply by|(?:last|previous|prior) (?:visit|tour|showing)|mudarse|mudan\w*|umzug\w*"
    r"|einzieh\w*|mietbeginn|demenag\w*|geburts\w*|naissance|nascimento|rappel\w*|ruckruf\w*|anruf\w*|llama\w*"
    r"|appel\w*|ligar|contrat\w*)\b"
)
OTHER_UNLESS_TOUR = re.compile(
    r"\b(availab\w*|budget|income|rent|lead time|time ?zone|time ?frame|timeline)\b"
)
TOUR = re.compile(
    r"\b(tour|visit|showing|viewing|appointment|schedule|come by|stop by|besichtigung|cita)\w*\b"
)
BOTH = re.compile(r"\bfirst\b.*\blast\b")
NOT_THE_NAME = re.compile(
    r"\b(compan\w*|pet|dog|cat|propert\w*|communit\w*|building|complex|unit|apartment|street|user ?name|file|maiden"
    r"|utm|form|page|campaign|event|school|university|college|employer|program|entreprise|societe|empresa|firma|mascota|animal|haustier|condominio|edificio"
    r"|propiedad|comunidad|imovel|residence)\b"
)
PLAIN = re.compile(
    r"(?:(?:your|my|the|please|what|is|s|enter|best|primary|main|personal|preferred|mobile|cell|phone|telephone|contact"
    r"|daytime|number|no|text|sms|e|mail|email|address|full|first|last|legal|name|and|or|renter|prospect|applicant|guest"
    r"|visitor)(?: |$))+"
)
"""A question for a phone number, an address or a name and nothing else: beside it, `Business phone` is another."""
RANK_LAST = re.compile(
    r"\b(alternat\w*|secondary|second|backup|work|office|home|other|additional|2|current|lease)\b"
)

PLACE = (
    r"(?:propert(?:y|ies)|(?:apartment )?(?:communit(?:y|ies)|complex(?:es)?|buildings?)|sites?"
    r"|developments?|listings?)"
)
ASKING = (
    r"(?:(?:please )?(?:select|choose|pick) |(?:which|what)(?: s| is| are)? |your |preferred |desired "
    r"|tour |for |interested in )*"
    r"(?:of our |our |the |an |a )*"
)
INTEREST = (
    r"(?: (?:are|is|would|do|did|should|interest\w*|can|may|shall|you|to (?:tour|visit|see|view))\b.*)?"
)
PATTERNS = {
    "tour_type": r"(tour|visit|showing) ?(type|kind|format)\b.*|.*\b(type|kind|sort) of (tour|visit|showing).*"
    r"|.*\bhow\b.*(tour|visit).*|.*\bself guided\b.*\b(or|in person|virtual)\b.*",
    "property": rf"{ASKING}{PLACE}(?: (?:or )?{PLACE})?"
    rf"(?: ?(?:id|name|key|code|address|location|preference|of interest))*{INTEREST}"
    rf"|(?!your location){ASKING}locations?(?: of interest| preference)?{INTEREST}"
    r"|where (?:would|do) you (?:like|want|wish|prefer) to (?:tour|visit|view)\b.*"
    r"|(?:interested|desired) (?:property|community)"
    r"|(?:propiedad|comunidad|edificio|residence|immeuble|imovel|condominio|wohnanlage)(?: de (?:interes|interesse))?",
    "unit": rf"{ASKING}(?:units?|apartments?|apts?)(?: ?(?:id|number|no|name|of interest))?{INTEREST}",
    "lead_source": r"lead ?source|utm ?source",
    "lead_id": r"(propexo )?lead ?id",
    "agent": r"((leasing|assigned) )?agent(?: (email|name|id))?",
    "tour_time": r"(?:tour |preferred )?time of (?:the )?day|(?:your )?arrival time"
    r"|available (?:times?|(?:time )?slots?)",
    "message": r"(your |any |additional |other |further )*(message|notes?|comments?|questions?)"
    r"( or (comments?|questions?|notes?))?|anything else.*",
}
EMAIL = re.compile(
    r"\be ?mails?\b|\bmail (?:address|adresse)\b|\badresse mail\b|^(?:your )?mail$|\bcorreo\b|\bcourriel\b"
)
PHONE = re.compile(
    r"\b(phone|mobile|cell(?:phone|ular)?|celular|whats ?app|tel(?:ephone|efon\w*|emovel|e)?|handy\w*|movil)\b"
    r"|phone|\b(?:mobilnummer|rufnummer|portable)\b|\b(?:your|best) number\b"
    r"|\bnumber\b.*\b(reach|text|call)\b|\b(reach|text|call)\b.*\bnumber\b|\bcontact number\b"
)
FIRST = re.compile(
    r"\b(first|given) ?names?\b|\bfore ?name\b|\bf ?name\b|\bprimer nombre\b|\bvorname\b|\bprenom\b|\bname first\b"
    r"|^first$"
)
LAST = re.compile(
    r"\b(last|family) ?names?\b|\bsur ?name\b|\bl ?name\b|\bapellidos?\b|\bnachname\b|\bname last\b"
    r"|\bsobrenome\b|\bnom de famille\b|^last$"
)
NAME = re.compile(
    r"\b(full ?)?names?\b|\bfullname\b|\b(?:nombre|nom|nome)\b|\bwho are you\b"
    r"|^who (?:is|s|will be|are) (?:(?:touring|visiting|coming|attending)(?: (?:to |on |for )?(?:the|this|our) \w+)?"
    r"|we (?:meeting|expecting)|th(?:is|e) (?:tour|visit|showing|booking|appointment) for"
    r"|the (?:visitor|renter|prospect|applicant))$"
    r"|^who (?:should|can|may) we expect$|\b(?:what|how) (?:should|do|can|may|shall) we (?:call|address) you\b"
    r"|^(?:main |primary |prospective )?(?:applicant|renter|resident|prospect|visitor)$"
)
DAY = re.compile(r"\b(dates?|days?|fecha|datum|jour|data (?:da|de|do|preferida)|\w*termin)\b")
HOUR = re.compile(r"\b(times?|time ?slots?|slots?|hours?|hora|horario|uhrzeit|heure)\b")
WHEN = re.compile(
    r"\bwhen\b.*\b(visit|tour|com(?:e|ing)|see|stop|view|show)|\btour (start|at)\b"
    r"|\b(tour|visit) (date ?time|date time)\b"
)
