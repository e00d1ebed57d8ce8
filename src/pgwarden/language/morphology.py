"""Base forms of English words: plural to singular, inflected verb to stem. Small rules, no dictionary download."""

from __future__ import annotations

from functools import lru_cache

IRREGULAR = {
    "cancelled": "cancel", "canceled": "cancel", "cancelling": "cancel", "travelled": "travel", "labelled": "label",
    "withdrew": "withdraw", "withdrawn": "withdraw", "became": "become", "fell": "fall", "fallen": "fall",
    "stolen": "steal", "stole": "steal", "lent": "lend", "rose": "rise", "risen": "rise", "quit": "quit",
    "forgotten": "forget", "hidden": "hide", "frozen": "freeze", "bred": "breed", "fed": "feed", "shot": "shoot",
    "people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot",
    "teeth": "tooth", "mice": "mouse", "geese": "goose", "indices": "index", "matrices": "matrix",
    "analyses": "analysis", "criteria": "criterion", "series": "series", "species": "species", "status": "status",
    "statuses": "status", "news": "news", "lens": "lens", "bus": "bus", "buses": "bus", "gas": "gas", "data": "data",
    "media": "media", "address": "address", "addresses": "address", "bonus": "bonus", "bonuses": "bonus",
    "campuses": "campus", "campus": "campus", "viruses": "virus", "virus": "virus", "has": "have", "had": "have",
    "having": "have", "is": "be", "are": "be", "was": "be", "were": "be", "been": "be", "being": "be", "am": "be",
    "did": "do", "does": "do", "done": "do", "doing": "do", "made": "make", "making": "make", "sold": "sell",
    "bought": "buy", "paid": "pay", "wrote": "write", "written": "write", "writing": "write", "gave": "give",
    "given": "give", "got": "get", "gotten": "get", "took": "take", "taken": "take", "went": "go", "gone": "go",
    "taught": "teach", "sent": "send", "spent": "spend", "won": "win", "ran": "run", "running": "run",
    "led": "lead", "held": "hold", "kept": "keep", "left": "leave", "lost": "lose", "met": "meet", "grew": "grow",
    "born": "bear", "came": "come", "began": "begin", "begun": "begin", "broke": "break", "built": "build",
    "chose": "choose", "chosen": "choose", "drove": "drive", "driven": "drive", "flew": "fly", "flown": "fly",
    "spoke": "speak", "spoken": "speak", "sang": "sing", "sung": "sing", "shown": "show", "lived": "live",
    "living": "live", "lives": "live", "ids": "id", "quizzes": "quiz", "movies": "movie", "cookies": "cookie",
    "ties": "tie", "pies": "pie", "dies": "die", "lies": "lie", "leaves": "leave", "wives": "wife", "knives": "knife",
    "shelves": "shelf", "halves": "half", "taxes": "tax", "axes": "axis", "houses": "house", "horses": "horse",
    "courses": "course", "nurses": "nurse", "purchases": "purchase", "databases": "database", "cases": "case",
    "bases": "base", "releases": "release", "phases": "phase", "leases": "lease", "licenses": "license",
    "expenses": "expense", "responses": "response", "warehouses": "warehouse", "franchises": "franchise",
    "exercises": "exercise", "diseases": "disease", "causes": "cause", "uses": "use", "used": "use", "using": "use",
    "sales": "sale", "this": "this", "its": "its", "yes": "yes", "plus": "plus", "less": "less", "previous": "previous",
    "various": "various", "always": "always", "across": "across", "whereas": "whereas", "perhaps": "perhaps",
    "premises": "premise", "services": "service", "sizes": "size", "prizes": "prize", "heroes": "hero",
    "potatoes": "potato", "aliases": "alias", "alias": "alias", "us": "us", "pass": "pass", "need": "need",
    "speed": "speed", "seed": "seed", "feed": "feed", "feedback": "feedback", "fees": "fee", "building": "building",
    "buildings": "building", "rating": "rating", "ratings": "rating", "meeting": "meeting", "meetings": "meeting",
    "shipping": "shipping", "king": "king", "string": "string", "spring": "spring", "thing": "thing",
    "things": "thing", "during": "during", "nothing": "nothing", "evening": "evening", "morning": "morning",
    "hundred": "hundred", "red": "red", "bed": "bed", "beds": "bed", "wed": "wed", "shed": "shed",
    "breed": "breed", "breeds": "breed", "wing": "wing", "ring": "ring", "sing": "sing", "bring": "bring",
    "brought": "bring", "hiring": "hire", "hired": "hire", "hires": "hire", "listing": "listing",
    "listings": "listing", "training": "training", "trainings": "training", "setting": "setting",
    "settings": "setting", "opening": "opening", "openings": "opening", "closing": "closing", "billing": "billing",
    "booking": "booking", "bookings": "booking", "reading": "reading", "readings": "reading", "wedding": "wedding",
    "weddings": "wedding", "clothing": "clothing", "parking": "parking", "seating": "seating", "ceiling": "ceiling",
    "earnings": "earning", "savings": "saving", "housing": "housing", "lapses": "lapse", "synapses": "synapse",
}  # fmt: skip
"""Forms that the rules below would get wrong, and those that must stay apart (a *rating* is no *rate*)."""

_DOUBLES = ("bb", "dd", "gg", "mm", "nn", "pp", "rr", "tt")
_KEEP_E = ("at", "iz", "uc", "ov", "iv", "eas", "as", "us", "ir", "ur", "os", "ag", "ak", "id", "ot", "ib", "yp", "is",
           "ac", "ic", "ad", "od", "ut", "in", "ng", "rg", "dg", "lv", "rv", "bl", "pl", "cl", "tl", "ml", "ap", "iq",
           "qu", "it", "am", "im", "om", "um", "nc", "rc", "ns", "rs", "os", "uar", "ar", "or")  # fmt: skip
_NO_E = ("visit", "edit", "limit", "audit", "credit", "debit", "exit", "submit", "join", "gain", "train", "contain",
         "obtain", "maintain", "explain", "remain", "retain", "attain", "assign", "sign", "design", "return", "turn",
         "earn", "learn", "begin", "win", "open", "happen", "own", "own", "flown", "report", "sort", "start", "treat",
         "repeat", "need", "add", "load", "download", "upload", "read", "lead", "avoid", "paid", "sound", "found",
         "refund", "fund", "end", "send", "spend", "attend", "extend", "depend", "respond", "record", "award",
         "reward", "order", "offer", "enter", "deliver", "answer", "register", "transfer", "cover", "discover",
         "number", "consider", "remember", "repair", "appear", "clear", "hear", "wear", "year", "bear", "group",
         "ship", "help", "stop", "develop", "keep", "sleep", "work", "book", "look", "cook", "check", "track", "pick",
         "pack", "back", "click", "stock", "lock", "block", "mark", "park", "talk", "walk", "ask", "drink", "think",
         "rank", "thank", "link", "bank", "complain", "belong", "long", "hang", "bring", "sing", "post", "list",
         "cost", "last", "test", "contact", "collect", "direct", "connect", "select", "inspect", "act", "conduct",
         "product", "visit", "paint", "print", "point", "count", "account", "discount", "amount", "rent", "want",
         "present", "comment", "invent", "treat", "accept", "adopt", "adapt", "attempt", "export", "import",
         "support", "depart", "insert", "convert", "prefer", "refer", "occur", "star", "labor", "author", "sponsor",
         "monitor", "honor", "color", "favor", "tutor", "mentor", "vendor", "visitor", "error", "mirror", "pass",
         "process", "access", "address", "discuss", "miss", "focus", "bias", "assess", "express", "press", "dress",
         "cross", "toss", "class", "guess", "possess", "claim", "sell", "call", "fill", "bill", "enroll", "pull",
         "install", "cancel", "travel", "label", "model", "fail", "mail", "email", "sail", "detail", "retail",
         "finish", "publish", "establish", "push", "wash", "reach", "teach", "search", "match", "watch", "launch",
         "attach", "play", "pay", "stay", "display", "employ", "enjoy", "destroy", "follow", "show", "view", "review",
         "allow", "grow", "throw", "borrow", "draw", "fix", "mix", "tax", "box")  # fmt: skip
_STEMS_NO_E = frozenset(_NO_E)


@lru_cache(maxsize=50_000)
def lemma(word: str) -> str:
    """The base form of a lower-case word; unknown words come back with regular endings taken off."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 3 or not word.isalpha():
        return word
    return _verbal(_singular(word))


@lru_cache(maxsize=50_000)
def singular(word: str) -> str:
    """The singular of a lower-case noun; verbs' endings stay."""
    if word in IRREGULAR and not word.endswith(("ing", "ed")):
        return IRREGULAR[word]
    return _singular(word) if len(word) > 3 and word.isalpha() else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("s"):
        return word[:-1]
    return word


def _verbal(word: str) -> str:
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 2 and any(v in word[: -len(ending)] for v in "aeiouy"):
            return _stem(word[: -len(ending)])
    return word


def _stem(stem: str) -> str:
    if stem in _STEMS_NO_E or stem.removeprefix("re") in _STEMS_NO_E:
        return stem
    if stem.endswith("i"):
        return stem[:-1] + "y"
    if stem.endswith(_DOUBLES):
        return stem[:-1]
    if stem.endswith(_KEEP_E) or stem.endswith(("s", "v", "c", "u", "z")):
        return stem + "e"
    return stem


def is_plural(word: str) -> bool:
    """Whether the lower-case word looks like a plural noun."""
    return word in {"people", "children", "men", "women"} or (singular(word) != word and word.endswith("s"))


_DERIVATIONS = ("ation", "ition", "sion", "tion", "ment", "ance", "ence", "ing", "ion", "ist", "ive", "ity", "er",
                "or", "ed",
                "al", "ee", "e", "y")  # fmt: skip


@lru_cache(maxsize=50_000)
def root(word: str) -> str:
    """What is left of a base form when one derivational ending is taken off: director → direct."""
    for ending in _DERIVATIONS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
