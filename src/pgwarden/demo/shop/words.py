"""The word lists of the shop: invented people and goods, real places."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    state: str
    weight: int  # share of customers, roughly by population
    area_code: int
    postal_prefix: str
    cities: tuple[str, ...]


class Line(NamedTuple):
    """A product line: what is sold in a category, and for how much (US dollars)."""

    parent: str
    category: str
    nouns: tuple[str, ...]
    lowest: int
    highest: int


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words("""
    Aaron Abigail Adrian Alice Amara Amelia Andre Angela Anita Anton Ava Ben Bianca Bruno Camila Carlos Carmen
    Cecilia Chloe Clara Daniel Daphne David Diego Dora Edith Elena Eli Emma Eric Esther Eva Felix Fiona Frank Freya
    George Gina Grace Hannah Harold Hazel Helen Henry Hugo Ian Ida Imani Irene Isaac Ivy Jack Jane Jasmine Joel John
    Jonas Julia Karim Kate Keiko Laura Leah Leo Lena Liam Lucas Lucia Luna Marcus Maria Martin Maya Mei Mia Miguel
    Mona Nadia Naomi Nathan Nina Noah Nora Olga Oliver Omar Oscar Paula Peter Priya Quinn Rachel Ravi Rita Robert
    Rosa Ruth Samuel Sara Simon Sofia Stella Tara Theo Thomas Uma Vera Victor Wanda Wei William Yara Yusuf Zoe
""")

LAST_NAMES = _words("""
    Abbott Acosta Adams Ahmed Allen Baker Banks Barnes Becker Bell Bennett Bishop Blake Bowman Brooks Bryant Burke
    Campos Carter Castro Chan Chavez Chen Clarke Cohen Collins Cook Cooper Cruz Dalton Davis Diaz Dixon Doyle Drake
    Duncan Edwards Ellis Evans Farmer Fischer Fleming Flores Foster Fox Garcia Gibson Gomez Grant Gray Green Griffin
    Gupta Hale Hansen Harper Hart Hayes Hill Holt Howard Hughes Hunt Ibarra Ito Jackson Jacobs James Jensen Jones
    Jordan Kaur Keller Kelly Khan Kim King Klein Knight Kumar Lane Larsen Lee Lewis Li Lopez Lowe Lynch Marsh Martin
    Mason Meyer Miller Mills Moore Morales Morgan Murphy Nash Nelson Nguyen Novak Ortiz Owens Park Patel Perez Perry
    Porter Price Quinn Ramos Reed Reyes Rice Rivera Rogers Rossi Ruiz Ryan Santos Sato Shaw Silva Singh Smith Stone
    Suzuki Tanaka Taylor Torres Turner Vance Vargas Vega Walker Walsh Wang Ward Watson Webb Weber White Wolf Wong
    Wood Wright Yang York Young Zhang Ziegler
""")

STREETS = _words("""
    Alder Ash Aspen Bay Birch Bridge Canal Cedar Chapel Cherry Church Clover Cypress Dock Elm Fern Garden Grove
    Harbor Hazel Hickory Hill Juniper Lake Laurel Linden Magnolia Maple Market Meadow Mill Oak Orchard Park Pearl
    Pine Poplar Prairie Quarry Ridge River School Spring Spruce Station Summit Sunset Sycamore Valley Vine Walnut
    Willow
""")
STREET_KINDS = ("Street", "Avenue", "Lane", "Road", "Drive", "Court", "Boulevard")

PLACES = (
    Place("California", 39, 213, "900", ("Los Angeles", "San Diego", "San Jose", "Sacramento", "Oakland")),
    Place("Texas", 30, 512, "787", ("Houston", "Austin", "Dallas", "San Antonio")),
    Place("Florida", 22, 305, "331", ("Miami", "Tampa", "Orlando", "Jacksonville")),
    Place("New York", 20, 212, "100", ("New York City", "Buffalo", "Rochester", "Albany")),
    Place("Pennsylvania", 13, 215, "191", ("Philadelphia", "Pittsburgh", "Erie")),
    Place("Illinois", 13, 312, "606", ("Chicago", "Springfield", "Peoria")),
    Place("Ohio", 12, 216, "441", ("Columbus", "Cleveland", "Cincinnati")),
    Place("Georgia", 11, 404, "303", ("Atlanta", "Savannah", "Athens")),
    Place("North Carolina", 11, 704, "282", ("Charlotte", "Raleigh", "Durham")),
    Place("Michigan", 10, 313, "482", ("Detroit", "Grand Rapids", "Lansing")),
    Place("New Jersey", 9, 201, "071", ("Newark", "Jersey City", "Trenton")),
    Place("Virginia", 9, 804, "232", ("Richmond", "Norfolk", "Arlington")),
    Place("Washington", 8, 206, "981", ("Seattle", "Spokane", "Tacoma")),
    Place("Arizona", 7, 602, "850", ("Phoenix", "Tucson", "Mesa")),
    Place("Massachusetts", 7, 617, "021", ("Boston", "Worcester", "Cambridge")),
    Place("Tennessee", 7, 615, "372", ("Nashville", "Memphis", "Knoxville")),
    Place("Indiana", 7, 317, "462", ("Indianapolis", "Fort Wayne")),
    Place("Colorado", 6, 303, "802", ("Denver", "Boulder", "Colorado Springs")),
    Place("Minnesota", 6, 612, "554", ("Minneapolis", "Saint Paul", "Duluth")),
    Place("Wisconsin", 6, 414, "532", ("Milwaukee", "Madison")),
    Place("Oregon", 4, 503, "972", ("Portland", "Salem", "Eugene")),
    Place("Nevada", 3, 702, "891", ("Las Vegas", "Reno")),
    Place("Utah", 3, 801, "841", ("Salt Lake City", "Provo")),
    Place("New Mexico", 2, 505, "871", ("Albuquerque", "Santa Fe")),
    Place("Maine", 1, 207, "041", ("Portland", "Bangor")),
    Place("Hawaii", 1, 808, "968", ("Honolulu", "Hilo")),
    Place("Vermont", 1, 802, "054", ("Burlington", "Montpelier")),
)

LINES = (
    Line("Electronics", "Audio", ("Headphones", "Speaker", "Earbuds", "Microphone", "Turntable"), 25, 450),
    Line("Electronics", "Computers", ("Laptop", "Monitor", "Keyboard", "Mouse", "Docking Station"), 20, 1900),
    Line("Electronics", "Phones", ("Smartphone", "Phone Case", "Charger", "Power Bank"), 10, 1100),
    Line("Electronics", "Cameras", ("Camera", "Tripod", "Lens", "Camera Bag"), 30, 1500),
    Line("Home", "Kitchen", ("Kettle", "Toaster", "Blender", "Frying Pan", "Knife Set", "Mug"), 8, 220),
    Line("Home", "Furniture", ("Chair", "Desk", "Bookshelf", "Lamp", "Sofa", "Nightstand"), 35, 1400),
    Line("Home", "Bedding", ("Pillow", "Duvet", "Blanket", "Mattress"), 18, 900),
    Line("Home", "Garden Tools", ("Rake", "Watering Can", "Hedge Trimmer", "Wheelbarrow"), 12, 260),
    Line("Clothing", "Shirts", ("T-Shirt", "Polo Shirt", "Blouse", "Flannel Shirt"), 15, 90),
    Line("Clothing", "Jackets", ("Rain Jacket", "Parka", "Fleece", "Vest"), 45, 380),
    Line("Clothing", "Shoes", ("Sneakers", "Boots", "Sandals", "Loafers"), 35, 260),
    Line("Sports", "Cycling", ("Bicycle", "Helmet", "Bike Lock", "Bike Light"), 15, 1800),
    Line("Sports", "Camping", ("Tent", "Sleeping Bag", "Backpack", "Camping Stove"), 25, 420),
    Line("Sports", "Fitness", ("Yoga Mat", "Dumbbell Set", "Rowing Machine", "Jump Rope"), 9, 950),
    Line("Books", "Cookbooks", ("Cookbook", "Baking Guide"), 12, 45),
    Line("Books", "Travel Guides", ("Travel Guide", "Road Atlas"), 11, 38),
    Line("Toys", "Board Games", ("Board Game", "Card Game", "Puzzle"), 9, 75),
    Line("Toys", "Building Sets", ("Building Set", "Marble Run", "Train Set"), 14, 180),
)

STYLES = _words("""
    Alpine Atlas Aurora Breeze Classic Comet Compact Coral Delta Echo Ember Everyday Falcon Flint Harbor Horizon
    Indigo Juniper Lunar Meridian Metro Nimbus Nomad Nova Onyx Orbit Pacific Pioneer Prime Quartz Rapid Ridge Sierra
    Solar Sterling Summit Terra Tidal Urban Vista
""")
COLORS = ("black", "white", "silver", "red", "blue", "green", "yellow", "brown", "gray", "orange")
MATERIALS = {
    "Electronics": ("aluminum", "plastic", "steel"),
    "Home": ("oak", "bamboo", "steel", "glass", "cotton"),
    "Clothing": ("cotton", "wool", "leather", "nylon"),
    "Sports": ("nylon", "aluminum", "steel"),
    "Books": ("paper", "linen"),
    "Toys": ("wood", "plastic", "cardboard"),
}
PRODUCT_TAGS = ("new", "bestseller", "sale", "eco", "gift", "limited", "imported", "outdoor")
CUSTOMER_TAGS = ("vip", "newsletter", "wholesale", "returns-often", "student", "referral")

SUPPLIER_WORDS = _words("""
    Northwind Bluepeak Redwood Ironbridge Lakeside Goldleaf Brightline Oakfield Seabird Stonegate Clearwater
    Foxglove Highland Starfall Westbrook Cobalt Evergreen Milestone Silverton Tallgrass
""")
SUPPLIER_KINDS = ("Trading", "Supply", "Manufacturing", "Imports")
COUNTRIES = ("United States", "Germany", "China", "Japan", "Mexico", "Canada", "Vietnam", "Italy", "Sweden", "India")
WAREHOUSES = (
    ("OAK", "Oakland", "California"),
    ("DAL", "Dallas", "Texas"),
    ("EWR", "Newark", "New Jersey"),
    ("CHI", "Chicago", "Illinois"),
)
CARRIERS = ("Swiftline", "Parcel Post", "Roadrunner Freight", "AirBridge")

DEPARTMENTS = (
    ("Sales", "Sales Director", "Sales Representative", 22, 52_000),
    ("Support", "Head of Support", "Support Agent", 14, 44_000),
    ("Logistics", "Head of Logistics", "Warehouse Worker", 16, 41_000),
    ("Engineering", "Head of Engineering", "Software Engineer", 9, 98_000),
    ("Finance", "Finance Director", "Accountant", 5, 67_000),
    ("Marketing", "Marketing Director", "Marketing Specialist", 6, 58_000),
)

REVIEWS = {
    1: (("Broke at once", "Very disappointed"), ("It stopped working after two days.", "Not what the picture shows.")),
    2: (("Below what I hoped", "Meh"), ("The quality does not match the price.", "Arrived late and scratched.")),
    3: (("It is fine", "Average"), ("Does its job, nothing more.", "Good idea, rough edges.")),
    4: (("Good buy", "Happy with it"), ("Solid and well made, delivery was quick.", "Works well, the manual is thin.")),
    5: (("Excellent", "Love it"), ("Exceeded what I expected.", "I bought a second one for a friend.", "Great value.")),
}
NOTES = (
    "Asked for a copy of the last invoice.",
    "Prefers deliveries in the morning.",
    "Wants to be called before the parcel is sent.",
    "Received a voucher after a late delivery.",
    "Interested in wholesale prices.",
    "Changed the billing address by phone.",
)
CONFIDENTIAL_NOTES = (
    "Payment plan agreed after two failed charges.",
    "Dispute with the bank about a charge.",
    "Suspected of misusing the return policy.",
)
