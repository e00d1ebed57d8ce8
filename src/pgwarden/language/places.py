"""Countries, states and peoples: the other forms that data may hold them in."""

from __future__ import annotations

from collections.abc import Mapping

DEMONYMS: Mapping[str, tuple[str, ...]] = {
    "american": ("United States", "USA", "US", "America"), "british": ("United Kingdom", "UK", "GB", "Britain"),
    "english": ("England",), "french": ("France", "FR"), "german": ("Germany", "DE"), "italian": ("Italy", "IT"),
    "spanish": ("Spain", "ES"), "portuguese": ("Portugal", "PT"), "dutch": ("Netherlands", "NL"),
    "belgian": ("Belgium", "BE"), "swiss": ("Switzerland", "CH"), "austrian": ("Austria", "AT"),
    "swedish": ("Sweden", "SE"), "norwegian": ("Norway", "NO"), "danish": ("Denmark", "DK"),
    "finnish": ("Finland", "FI"), "polish": ("Poland", "PL"), "czech": ("Czech Republic", "Czechia", "CZ"),
    "hungarian": ("Hungary", "HU"), "greek": ("Greece", "GR"), "turkish": ("Turkey", "TR"),
    "russian": ("Russia", "RU"), "ukrainian": ("Ukraine", "UA"), "irish": ("Ireland", "IE"),
    "scottish": ("Scotland",), "welsh": ("Wales",), "canadian": ("Canada", "CA"), "mexican": ("Mexico", "MX"),
    "brazilian": ("Brazil", "BR"), "argentine": ("Argentina", "AR"), "chilean": ("Chile", "CL"),
    "colombian": ("Colombia", "CO"), "peruvian": ("Peru", "PE"), "japanese": ("Japan", "JP"),
    "chinese": ("China", "CN"), "korean": ("South Korea", "Korea", "KR"), "indian": ("India", "IN"),
    "pakistani": ("Pakistan", "PK"), "thai": ("Thailand", "TH"), "vietnamese": ("Vietnam", "VN"),
    "indonesian": ("Indonesia", "ID"), "filipino": ("Philippines", "PH"), "malaysian": ("Malaysia", "MY"),
    "australian": ("Australia", "AU"), "egyptian": ("Egypt", "EG"), "nigerian": ("Nigeria", "NG"),
    "kenyan": ("Kenya", "KE"), "israeli": ("Israel", "IL"), "iranian": ("Iran", "IR"), "european": ("Europe",),
    "asian": ("Asia",), "african": ("Africa",),
}  # fmt: skip

COUNTRY_CODES: Mapping[str, str] = {
    "united states": "US", "usa": "US", "us": "US", "america": "US", "united kingdom": "GB", "uk": "GB",
    "canada": "CA", "germany": "DE", "france": "FR", "italy": "IT", "spain": "ES", "portugal": "PT",
    "netherlands": "NL", "belgium": "BE", "switzerland": "CH", "austria": "AT", "sweden": "SE", "norway": "NO",
    "denmark": "DK", "finland": "FI", "poland": "PL", "czech republic": "CZ", "hungary": "HU", "greece": "GR",
    "turkey": "TR", "russia": "RU", "ukraine": "UA", "ireland": "IE", "mexico": "MX", "brazil": "BR",
    "argentina": "AR", "chile": "CL", "colombia": "CO", "peru": "PE", "japan": "JP", "china": "CN",
    "south korea": "KR", "india": "IN", "pakistan": "PK", "thailand": "TH", "vietnam": "VN", "indonesia": "ID",
    "philippines": "PH", "malaysia": "MY", "singapore": "SG", "australia": "AU", "new zealand": "NZ", "egypt": "EG",
    "nigeria": "NG", "kenya": "KE", "south africa": "ZA", "israel": "IL", "iran": "IR", "saudi arabia": "SA",
    "united arab emirates": "AE", "hong kong": "HK", "taiwan": "TW",
}  # fmt: skip

STATES: Mapping[str, str] = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID",
    "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
    "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV",
    "new hampshire": "NH", "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC",
    "north dakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA",
    "rhode island": "RI", "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX",
    "utah": "UT", "vermont": "VT", "virginia": "VA", "washington": "WA", "west virginia": "WV",
    "wisconsin": "WI", "wyoming": "WY", "district of columbia": "DC",
}  # fmt: skip
