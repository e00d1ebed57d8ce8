"""General English words that may stand for each other, and the short forms that names are written in."""

from __future__ import annotations

from collections.abc import Mapping

SYNONYM_GROUPS = """
cost price amount fee charge
price cost amount
revenue income amount turnover earning
salary pay wage compensation
name title
nation country nationality citizenship
hometown birthplace
client customer buyer shopper
customer client
employee worker staff personnel
staff employee worker
user member account
shop store
car vehicle automobile
film movie
picture photo image
phone telephone cell mobile
cell mobile phone
email mail
company firm business
pupil student schooler
student pupil
teacher instructor
instructor teacher professor
physician doctor clinician
doctor physician
author writer
manufacturer maker make brand vendor
maker manufacturer make
supplier vendor provider
vendor supplier
quantity qty count
birthday birthdate
gender sex
location place site venue
location address
street address
zip postal postcode
state province region
region area
type kind category
category kind type
kind type category
genre type category kind
description detail text
message text content
comment text note remark
salesperson salesman seller
trip ride journey
flight trip
item product article
product item article good
order purchase
purchase order
bill invoice
invoice bill
payment transaction
review rating feedback
score rating point mark grade
rating score star
grade level
role position job title
job position occupation
occupation job profession
profession job occupation
department division unit
boss manager supervisor
manager supervisor boss head
founder creator
year date
date day time
duration length
size dimension
weight mass
register create join signup
sign create register
registration create register
registered created joined
signup create register
date timestamp time
arrival arrive
departure depart
attendance attendee visitor
visitor guest customer
guest visitor
owner holder
pet animal
nickname alias
capacity seat
stadium venue arena
population inhabitant resident
language tongue
spouse husband wife
kid child
choice option
substring text
website url homepage site
link url
status state
remaining left
stock inventory quantity
inventory stock
discount rebate
shipment delivery
delivery shipment
warehouse depot
building property
house property home
team club squad
player athlete
match game
game match
tournament competition
award prize
win victory
publication paper article
paper publication article
citation cite
topic subject
subject topic
school college university
university college school
class course
course class
semester term
song track
track song
album record
singer artist musician
artist musician singer
band group
patient case
appointment visit
visit appointment
treatment therapy procedure
drug medicine medication
medicine drug medication
disease illness diagnosis condition
driver operator
truck vehicle
airport aerodrome
airline carrier
carrier airline
hour time
tweet post message
post message article
friend contact
follower fan
total sum
bear birth
signup registration
balance amount
transaction transfer payment
session login
"""
"""Lines of words: the first may mean any of the others."""

SYNONYMS: dict[str, frozenset[str]] = {}
for _line in SYNONYM_GROUPS.strip().splitlines():
    _head, *_rest = _line.split()
    SYNONYMS[_head] = SYNONYMS.get(_head, frozenset()) | frozenset(_rest)

USUAL_ENDINGS: Mapping[str, str] = {
    "nm": "name", "cd": "code", "typ": "type", "sts": "status", "stat": "status", "mst": "master", "mstr": "master",
    "hdr": "header", "dtl": "detail", "dtls": "detail",
}  # fmt: skip
"""Short forms of the words that names of tables and columns usually end in: read as the whole word everywhere."""

ABBREVIATIONS: Mapping[str, tuple[str, ...]] = {
    "num": ("number",), "no": ("number",), "nr": ("number",), "nbr": ("number",), "qty": ("quantity",),
    "amt": ("amount",), "dob": ("date", "birth"), "desc": ("description",), "descr": ("description",),
    "addr": ("address",), "tel": ("telephone",), "ph": ("phone",), "dept": ("department",), "emp": ("employee",),
    "mgr": ("manager",), "cust": ("customer",), "prod": ("product",), "cat": ("category",), "acct": ("account",),
    "org": ("organization",), "orgs": ("organization",), "loc": ("location",), "pct": ("percent",),
    "perc": ("percent",), "avg": ("average",), "min": ("minimum",), "max": ("maximum",), "tot": ("total",),
    "crtd": ("created",), "updt": ("updated",), "upd": ("updated",), "dt": ("date",), "ts": ("time",),
    "yr": ("year",), "mth": ("month",), "mo": ("month",), "fst": ("first",), "lst": ("last",), "frst": ("first",),
    "fname": ("first", "name"), "lname": ("last", "name"),
    "sname": ("name",), "pname": ("name",), "cname": ("name",), "dname": ("name",), "ename": ("name",),
    "tx": ("transaction",), "txn": ("transaction",), "trx": ("transaction",), "inv": ("invoice",),
    "ord": ("order",), "msg": ("message",), "img": ("image",), "pic": ("picture",), "lang": ("language",),
    "lat": ("latitude",), "lng": ("longitude",), "lon": ("longitude",), "long": ("longitude",),
    "pwd": ("password",), "ref": ("reference",), "seq": ("sequence",), "std": ("standard",), "stu": ("student",),
    "temp": ("temperature",), "univ": ("university",), "vol": ("volume",), "wt": ("weight",), "ht": ("height",),
    "hr": ("hour",), "hrs": ("hour",), "mins": ("minute",), "secs": ("second",), "info": ("information",),
    "exp": ("experience",), "sal": ("salary",), "comm": ("commission",), "hq": ("headquarter",),
    "mfr": ("manufacturer",),
    "mpg": ("mile", "gallon"), "gdp": ("gdp",), "uid": ("user", "id"), "pid": ("id",), "cc": ("country",),
    "dest": ("destination",), "orig": ("origin",), "src": ("source",), "dep": ("departure",), "arr": ("arrival",),
    "curr": ("currency",), "wh": ("warehouse",), "whse": ("warehouse",), "disc": ("discount",), "mod": ("modified",),
    "yn": (), "flag": (), "ind": (),
}  # fmt: skip
