"""General English that questions are made of. Nothing here knows any particular database."""

# ruff: noqa: SIM905 - a word list reads better than hundreds of quoted strings

from __future__ import annotations

from collections.abc import Mapping

NUMBER_WORDS: Mapping[str, int] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "hundred": 100, "thousand": 1000, "million": 1_000_000, "once": 1, "twice": 2,
    "dozen": 12,
}  # fmt: skip

PEOPLE = frozenset(
    """person people customer client user member employee worker staff student pupil teacher instructor professor
    author writer singer artist musician player athlete driver patient doctor physician nurse owner manager
    professional salesperson conductor director actor visitor guest contestant voter candidate passenger pilot
    reviewer founder participant host contact friend human man woman child researcher scientist engineer borrower
    reader lender subscriber buyer seller attendee applicant tenant landlord agent trainer coach clerk mentor resident
    donor volunteer technician mechanic accountant officer supervisor director girl boy freelancer courier consultant
    assistant librarian learner tutor lecturer lawyer broker guardian parent sponsor representative recruiter chef
    waiter patron spectator""".split()
)
"""Words for entities that "who" can ask about."""
ANYONE = frozenset({"person", "people", "human", "individual", "man", "woman"})

WEAK_NAME_WORDS = frozenset(
    """id code number name type key value quantity qty of the text million thousand
    usd dollar kg cm mm pct in be have date time by is if description level field""".split()
)
"""Words that say little when a column's name holds others: "role" alone means role_code."""

TABLE_PREFIXES = frozenset({"tbl", "dim", "fact", "fct", "stg", "raw", "vw", "mv", "t", "tb", "ref", "lkp", "src"})
TABLE_SUFFIXES = frozenset(
    {
        "tbl",
        "table",
        "daily",
        "dim",
        "fact",
        "data",
        "info",
        "list",
        "record",
        "master",
        "detail",
        "header",
        "rec",
        "log",
    }
)

ENGLISH = frozenset(
    """name title id code number date time year month day type status amount price cost total count age sex gender
    email phone address street city state country zip region county first last full middle birth start end created
    updated deleted first last home work cell mobile fax url website description text comment note value level rank
    rating score size weight height width length color colour model make brand category group class order item
    product customer user employee person student teacher author paper journal venue book song album artist movie
    film film actor director company store shop sale sales sold by of is has in out at to on per for from with cited
    citing key phrase field data set percent rate average min max quantity unit stock discount tax fee balance
    account bank card credit debit payment method invoice due paid ship shipping delivery arrival departure flight
    airport airline trip car vehicle engine driver owner pet dog room hotel hall seat capacity floor building school
    course grade semester credit department dept head manager supervisor hire salary bonus job role position team
    player game match season league coach stadium goal point win loss draw race result event ticket attendance
    population area language official percentage nation continent capital mountain river lake park land hospital
    patient doctor nurse drug treatment diagnosis appointment visit procedure medication test lab insurance policy
    claim premium agent branch loan interest term contract project task budget hour duration distance speed power
    message post tweet follower friend like share view review channel series episode season content video photo file
    path version parent child source target sender receiver high low base school schooler net gross tax unit""".split()
)
"""Plain words that run-together names are cut into (``authorname``, ``numcitedby``)."""

GENDERS: Mapping[str, tuple[str, ...]] = {
    "girl": ("F", "Female", "Girl"), "girls": ("F", "Female", "Girl"), "boy": ("M", "Male", "Boy"),
    "boys": ("M", "Male", "Boy"),
    "female": ("F", "Female", "W", "Woman"), "women": ("F", "Female", "W", "Woman"), "woman": ("F", "Female", "W"),
    "male": ("M", "Male", "Man"), "men": ("M", "Male", "Man"), "man": ("M", "Male"),
}  # fmt: skip
"""How columns named gender or sex store these words."""

ANTONYMS: Mapping[str, str] = {
    "closed": "open", "inactive": "active", "unpaid": "paid", "unavailable": "available", "disabled": "enabled",
    "unverified": "verified", "unpublished": "published", "unread": "read", "incomplete": "complete",
    "unapproved": "approved", "unresolved": "resolved", "uninsured": "insured", "unsubscribed": "subscribed",
}  # fmt: skip
"""Adjectives for the other side of a yes/no column."""

VERB_NOUNS: Mapping[str, tuple[str, ...]] = {
    "sell": ("sale", "order", "booking"), "buy": ("purchase", "order", "sale"), "purchase": ("order", "sale"),
    "pay": ("payment",),
    "ship": ("shipment",),
    "deliver": ("delivery",), "rent": ("rental",), "borrow": ("loan",), "book": ("booking", "reservation"),
    "reserve": ("reservation",), "enroll": ("enrollment", "registration"), "admit": ("admission",),
    "treat": ("treatment",),
    "employ": ("employment",), "subscribe": ("subscription",), "appoint": ("appointment",),
    "prescribe": ("prescription",),
    "examine": ("examination",), "diagnose": ("diagnosis",), "donate": ("donation",), "invest": ("investment",),
    "order": ("order",), "visit": ("visit",), "review": ("review",), "transact": ("transaction",),
    "attend": ("attendance",),
    "fly": ("flight",), "travel": ("trip",), "evaluate": ("evaluation",), "inspect": ("inspection",),
    "publish": ("publication",),
    "withdraw": ("withdrawal",), "deposit": ("deposit",), "refund": ("refund",), "return": ("return",),
    "vote": ("vote",),
}  # fmt: skip
"""Verbs and the nouns that tables of such events are called by."""

SAME_EVENT: Mapping[str, frozenset[str]] = {
    verb: frozenset(others.split())
    for verb, others in {
        "buy": "purchase acquire order", "purchase": "buy acquire", "acquire": "buy purchase",
        "join": "since start register create hire enroll", "hire": "start join employ", "employ": "hire start",
        "open": "found establish start launch", "found": "establish open", "launch": "release start open",
        "expire": "expiry expiration until valid", "borrow": "loan lend checkout", "lend": "loan borrow",
        "end": "finish complete close stop", "finish": "end complete close stop", "complete": "finish end close",
        "start": "begin open commence", "begin": "start commence", "place": "order create", "ship": "dispatch send",
        "leave": "exit depart terminate", "quit": "leave end terminate", "resolve": "close solve fix",
        "close": "resolve end finish", "settle": "pay clear", "pay": "settle payment", "sell": "sale order",
        "return": "give", "arrive": "arrival", "depart": "departure", "deliver": "delivery", "create": "add open",
        "add": "create", "sign": "join register create since", "register": "create join since enroll",
        "enroll": "enrol join register", "book": "reserve create order", "admit": "admission",
    }.items()
}  # fmt: skip
"""Verbs and what the time of the same event may be called in a column's name."""

VERB_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "earn": ("salary", "pay", "wage", "income", "earning"), "make": ("salary", "income"), "cost": ("price", "cost",
    "fee", "amount"),
    "weigh": ("weight", "mass"), "last": ("duration", "length"), "carry": ("load", "capacity"), "hold": ("capacity",),
    "seat": ("capacity", "seat"), "accommodate": ("capacity",), "measure": ("height", "length", "size"),
    "pay": ("amount", "salary"),
    "spend": ("amount", "cost", "price"), "charge": ("fee", "price", "amount"), "score": ("score", "point"),
    "worth": ("worth", "value", "price"),
}  # fmt: skip
"""Verbs and the attributes that a number after them speaks of: "earning more than 5000"."""

MEASURES = frozenset(
    """kg kgs kilogram kilograms gram grams g lb lbs pound pounds ton tons tonne tonnes km kilometer kilometers mile
    miles meter
    meters metre metres feet foot inch inches cm mm litre liter liters litres dollar dollars usd euro euros eur cent
    cents
    percent percentage point points year years old unit units piece pieces hour hours minute minutes m3 m2
    bucks""".split()
)
"""Units that may follow a number without a column of their own."""

PLACE_WORDS = frozenset(
    """city town state country county region province location place street address continent nation neighborhood
    neighbourhood district hometown nationality citizenship area venue market territory""".split()
)

MONTHS: Mapping[str, int] = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
    "september": 9, "october": 10, "november": 11, "december": 12, "jan": 1, "feb": 2, "mar": 3, "apr": 4,
    "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip

WEEKDAYS: Mapping[str, int] = {
    "sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
}  # fmt: skip

UNITS = frozenset({"day", "week", "month", "quarter", "year", "hour", "minute"})

SAID_OF_ANY = frozenset(
    """number count total amount overall average mean sum median maximum minimum most least high low best worst highest
    lowest top bottom list order each different last past next previous""".split()
)
"""Words that a comment on a column may hold ("total number of …") without being what the column is called."""

AGGREGATES: Mapping[str, str] = {
    "average": "avg", "avg": "avg", "mean": "avg", "maximum": "max", "max": "max", "minimum": "min", "min": "min",
    "total": "sum", "sum": "sum", "overall": "sum", "combined": "sum", "median": "median",
}  # fmt: skip

SUPERLATIVE_HIGH = frozenset(
    "most highest largest greatest biggest maximum max top best bigger higher larger greater".split()
)
SUPERLATIVE_LOW = frozenset("least lowest smallest fewest minimum min worst bottom lower smaller fewer".split())

# adjective -> (words of the attribute it grades, whether the high end is meant, and likewise for time columns)
SUPERLATIVES: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "oldest": (("age", "birth", "founded", "built", "year", "date", "created"), True),
    "youngest": (("age", "birth"), False),
    "newest": (("date", "created", "year", "time"), True),
    "latest": (("date", "created", "time", "year", "updated"), True),
    "earliest": (("date", "created", "time", "year"), False),
    "recent": (("date", "time", "created", "year"), True),
    "recently": (("date", "time", "created", "year"), True),
    "cheapest": (("price", "cost", "amount", "fee", "charge", "rate"), False),
    "expensive": (("price", "cost", "amount", "fee", "charge", "rate", "value"), True),
    "priciest": (("price", "cost", "amount"), True),
    "costliest": (("price", "cost", "amount"), True),
    "longest": (("length", "duration", "distance", "time", "runtime", "height", "minute", "hour"), True),
    "shortest": (("length", "duration", "distance", "time", "height", "runtime", "minute", "hour"), False),
    "tallest": (("height", "stature"), True),
    "heaviest": (("weight", "mass"), True),
    "lightest": (("weight", "mass"), False),
    "fastest": (("speed", "time", "pace"), True),
    "slowest": (("speed", "pace"), False),
    "richest": (("worth", "money", "income", "balance", "wealth"), True),
    "wealthiest": (("worth", "money", "income", "balance"), True),
    "poorest": (("worth", "money", "income"), False),
    "strongest": (("strength", "power"), True),
    "busiest": (("passenger", "traffic", "volume"), True),
    "populous": (("population",), True),
    "rated": (("rating", "score", "star"), True),
    "ranked": (("rank", "ranking"), False),
    "paid": (("salary", "pay", "wage", "income", "compensation", "earning", "rate", "fee"), True),
    "deepest": (("depth",), True),
    "widest": (("width",), True),
    "largest": (("size", "area", "capacity", "population", "amount", "total", "quantity"), True),
    "biggest": (("size", "area", "capacity", "population", "amount", "total", "quantity"), True),
    "smallest": (("size", "area", "capacity", "population", "amount", "total", "quantity"), False),
    "highest": (("rating", "score", "amount", "height", "elevation", "value"), True),
    "lowest": (("rating", "score", "amount", "value"), False),
    "best": (("rating", "score", "rank"), True),
    "worst": (("rating", "score", "rank"), False),
}  # fmt: skip

ENDING_VERBS = frozenset("cancel end expire terminate finish stop quit churn lapse".split())
"""Verbs of coming to an end, which a column of the end dates."""
ENDING_NOUNS = frozenset("end cancel expire expiry expir exp term terminat close finish stop".split())
"""Roots of the words that such a column is called by."""

SIZES = frozenset({"largest", "biggest", "smallest", "tallest", "longest", "shortest", "heaviest", "oldest"})
"""Superlatives of a size that a thing has, which is never how many there are of it."""

TIMELY = frozenset(
    """newest latest earliest oldest youngest recent recently first last next longest shortest date day time new old
    early late since ago upcoming soonest senior junior""".split()
)
"""Words that speak of when: without one of them nothing is meant to be sorted by a date."""

SCALES: Mapping[str, tuple[str, float]] = {
    **dict.fromkeys(("mm", "millimetres", "millimeters"), ("length", 0.001)),
    **dict.fromkeys(("cm", "centimetres", "centimeters"), ("length", 0.01)),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("length", 1.0)),
    **dict.fromkeys(("km", "kilometres", "kilometers"), ("length", 1000.0)),
    **dict.fromkeys(("ft", "feet", "foot"), ("length", 0.3048)),
    **dict.fromkeys(("mile", "miles"), ("length", 1609.0)),
    **dict.fromkeys(("g", "gram", "grams"), ("weight", 0.001)),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms"), ("weight", 1.0)),
    **dict.fromkeys(("t", "ton", "tons", "tonne", "tonnes"), ("weight", 1000.0)),
    **dict.fromkeys(("ml", "millilitres", "milliliters"), ("volume", 0.001)),
    **dict.fromkeys(("l", "litre", "litres", "liter", "liters"), ("volume", 1.0)),
    **dict.fromkeys(("sec", "secs", "seconds", "s"), ("time", 1.0)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("time", 60.0)),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), ("time", 3600.0)),
    **dict.fromkeys(("days", "day"), ("time", 86400.0)),
}
"""Units of measure, as people and the last words of columns say them: of what, and how large."""

GENERIC_VERBS = frozenset(
    """be do have make get take occur happen exist come go see give record include contain show name call use belong
    correspond associate list involve relate link connect own mention concern find lie situate consist""".split()
)
"""Verbs that say nothing that the nouns beside them do not."""

RECENCY = frozenset({"newest", "latest", "earliest", "oldest", "recent", "recently"})
"""Superlatives of time: of what happens, they speak of when it happened."""

COMPARATIVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "older": (("age", "birth", "date", "created"), ">"),
    "younger": (("age", "birth"), "<"),
    "cheaper": (("price", "cost", "amount", "fee"), "<"),
    "dearer": (("price", "cost", "amount", "fee", "charge", "rate"), ">"),
    "populous": (("population",), ">"),
    "larger": (("size", "area", "amount", "capacity", "population", "total", "quantity"), ">"),
    "bigger": (("size", "area", "amount", "capacity", "population", "total", "quantity"), ">"),
    "smaller": (("size", "area", "amount", "capacity", "population", "total", "quantity"), "<"),
    "longer": (("length", "duration", "distance", "time"), ">"),
    "shorter": (("length", "duration", "distance", "height", "time"), "<"),
    "taller": (("height",), ">"),
    "heavier": (("weight", "mass"), ">"),
    "lighter": (("weight", "mass"), "<"),
    "faster": (("speed",), ">"),
    "slower": (("speed",), "<"),
    "richer": (("worth", "income", "balance"), ">"),
    "newer": (("date", "created", "year"), ">"),
}  # fmt: skip

OPENERS = frozenset(
    """please can could you would i want need like to show me give list find return display tell get retrieve fetch
    provide what which who whom whose is are was were the a an all us name out print select compute calculate
    determine let know see identify report present do we there have how many much""".split()
)

RELATION_VERBS = frozenset(
    """have be do own live locate belong associate publish write receive make perform serve work play participate
    attend teach take give contain include use get exist occur happen register sign join place come go come sell buy
    purchase order pay spend produce create appear show hold manage run operate sponsor host conduct release win
    lose study enroll enrol visit stay book rent lease borrow return deliver ship send supply provide treat see
    cite review rate post like follow friend hire employ lead supervise direct sing record compose act star design
    build found establish open close call name know speak base originate move travel fly drive arrive depart leave
    start begin end finish complete reside listen share shar assign arrange undergo obtain earn award cost offer
    carry store process handle issue log transact transfer wire vote elect cast graduate advise represent import
    export love prefer eat cook bake grow raise adopt present support adopt accept add put submit fill born reach
    relate link connect correspond involve mention list fall found bear lie situate concern bring generate contribute
    approve complete cancel refund ship charge bill invoice enter exit meet greet exceed possess consist maintain
    accompany feature worth attach redeem apply spread distribute measure weigh last air broadcast score
    collect expire settle subscribe view""".split()
)
"""Verbs whose meaning a join carries: "singers who performed in concerts"."""

FILLER = frozenset(
    """a an the of in on at to for from by with and or as is are was were be been being do does did doing have has
    had having
    that which who whom whose where when what how many much all any some every each there their his her its it they
    them he she i me my we us our you your this these those please show list find return give tell get display
    provide can could would should shall may might must let also then than so such only just very more most
    least less if into over under about between within along together respectively corresponding correspond total number
    count currently ever still database table record data entry row result information detail please want need like
    know see across
    among both either neither nor not no per during overall value values ones one same other others another own
    different distinct unique various possible available current present exist existing themselves out up using use
    used based name named called
    order ordered sort sorted arrange ranked asc desc ascending descending along kind following given certain origin
    particular specific someone anyone people person thing print compute calculate determine identify
    retrieve fetch exactly entire whole complete respective inclusive exclusive including excluding exclude include
    question answer least but while for-each amount figure list pair pairs combination combinations been at-least list's
    simple full temporarily moment now already yet instead well too even again listed recorded stored known
    many case regardless order-by term terms due per-each starting start end result results output column columns
    frequency frequently often time times thereof once
    anything something nothing everything part parts greater higher lower fewer""".split()
)
"""Words that carry structure, not content: they need no counterpart in the schema."""
