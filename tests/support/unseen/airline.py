"""Airlines, their flights and passengers, with keys, asked as in a course on databases."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE airport (airport_code char(3) PRIMARY KEY, airport_name text, city text, country text, elevation_ft int);
CREATE TABLE airline (airline_id int PRIMARY KEY, name text, home_country text, founded_year int, fleet_size int);
CREATE TABLE aircraft (aircraft_id int PRIMARY KEY, airline_id int REFERENCES airline, model text, seats int, range_km int, year_built int);
CREATE TABLE flight (flight_id int PRIMARY KEY, flight_number text, airline_id int REFERENCES airline, aircraft_id int REFERENCES aircraft, origin char(3) REFERENCES airport, destination char(3) REFERENCES airport, distance_km int, departure timestamp, arrival timestamp, price numeric(8,2));
CREATE TABLE passenger (passenger_id int PRIMARY KEY, first_name text, last_name text, nationality text, age int);
CREATE TABLE booking (booking_id int PRIMARY KEY, flight_id int REFERENCES flight, passenger_id int REFERENCES passenger, seat_class text, booked_on date, fare numeric(8,2));
INSERT INTO airport VALUES ('OSL','Gardermoen','Oslo','Norway',681),('BGO','Flesland','Bergen','Norway',170),('CDG','Roissy','Paris','France',392),('ORY','Orly','Paris','France',291),('MAD','Barajas','Madrid','Spain',1998),('LIS','Portela','Lisbon','Portugal',374),('ZRH','Kloten','Zurich','Switzerland',1417),('KEF','Keflavik','Reykjavik','Iceland',171),('CPH','Kastrup','Copenhagen','Denmark',17);
INSERT INTO airline VALUES (1,'Fjord Air','Norway',1987,24),(2,'Lumiere','France',1961,80),(3,'Iberwing','Spain',1999,41),(4,'Alpina','Switzerland',2005,12),(5,'Geyser Jets','Iceland',2014,7),(6,'Tagus','Portugal',1979,30);
INSERT INTO aircraft SELECT n, 1+n%5, (array['A320','B737','E190','A350'])[1+(n*n)%7%4], 90+(n*37)%220, 2500+(n*613)%9000, 1995+(n*7)%29 FROM generate_series(1,22) n;
INSERT INTO flight SELECT n, 'F'||(200+n), 1+n%5, 1+(n*5)%20, (array['OSL','BGO','CDG','ORY','MAD','LIS','ZRH'])[1+n%7], (array['CDG','MAD','LIS','OSL','ZRH','BGO','ORY'])[1+(n*3+2)%7], 400+(n*97)%2400, timestamp '2024-01-05 06:00'+n*interval '17 hours', timestamp '2024-01-05 06:00'+n*interval '17 hours'+(60+(n*13)%200)*interval '1 minute', 60+(n*41)%500 FROM generate_series(1,70) n;
INSERT INTO flight VALUES (81,'F301',3,4,'MAD','OSL',2380,'2024-03-01 08:00','2024-03-01 11:35',233),(82,'F302',1,7,'MAD','OSL',2380,'2024-03-02 09:00','2024-03-02 12:40',187);
INSERT INTO passenger SELECT n, (array['Ada','Ben','Cleo','Dan','Eve','Finn'])[1+n%6], (array['Haug','Ibsen','Jung','Klee','Lopes'])[1+n%5], (array['Norwegian','French','Spanish','Swiss'])[1+floor(sqrt(n))::int%4], 18+(n*7)%60 FROM generate_series(1,60) n;
INSERT INTO booking SELECT n, 1+(n*3)%62, 1+least((n*7)%55,(n*5)%48), (array['economy','business','first'])[1+(n*n)%5%3], date '2023-10-01'+n, 50+(n*59)%700 FROM generate_series(1,150) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many airports are there in Norway?", "SELECT count(*) FROM airport WHERE country='Norway'"),
    (
        "What are the names and cities of all airports, sorted by elevation?",
        "SELECT airport_name, city FROM airport ORDER BY elevation_ft",
    ),
    ("List the names of airlines founded before 1990.", "SELECT name FROM airline WHERE founded_year<1990"),
    (
        "What is the average, minimum and maximum price of all flights?",
        "SELECT avg(price), min(price), max(price) FROM flight",
    ),
    (
        "Find the name of the airline with the largest fleet.",
        "SELECT name FROM airline ORDER BY fleet_size DESC LIMIT 1",
    ),
    (
        "How many flights does each airline operate? Show the airline name and the count.",
        "SELECT name, count(*) FROM flight JOIN airline USING (airline_id) GROUP BY airline_id, 1",
    ),
    (
        "Which airlines do not operate any flights?",
        "SELECT name FROM airline WHERE airline_id NOT IN (SELECT airline_id FROM flight)",
    ),
    (
        "What are the flight numbers of flights that depart from Oslo?",
        "SELECT flight_number FROM flight JOIN airport ON origin=airport_code WHERE city='Oslo'",
    ),
    (
        "How many flights arrive in Paris?",
        "SELECT count(*) FROM flight JOIN airport ON destination=airport_code WHERE city='Paris'",
    ),
    (
        "Give the flight numbers of flights from Madrid to Oslo.",
        "SELECT flight_number FROM flight f JOIN airport a ON a.airport_code=origin JOIN airport b ON b.airport_code=destination WHERE a.city='Madrid' AND b.city='Oslo'",
    ),
    (
        "What is the model of the aircraft with the longest range?",
        "SELECT model FROM aircraft ORDER BY range_km DESC LIMIT 1",
    ),
    ("Show the number of aircraft for each model.", "SELECT model, count(*) FROM aircraft GROUP BY 1"),
    ("Which models have more than 5 aircraft?", "SELECT model FROM aircraft GROUP BY 1 HAVING count(*)>5"),
    (
        "Find the first and last names of passengers who booked business class.",
        "SELECT DISTINCT first_name, last_name FROM passenger JOIN booking USING (passenger_id) WHERE seat_class='business';SELECT first_name, last_name FROM passenger JOIN booking USING (passenger_id) WHERE seat_class='business';SELECT first_name, last_name FROM passenger WHERE passenger_id IN (SELECT passenger_id FROM booking WHERE seat_class='business')",
    ),
    (
        "How many passengers have never made a booking?",
        "SELECT count(*) FROM passenger WHERE passenger_id NOT IN (SELECT passenger_id FROM booking)",
    ),
    (
        "What is the average age of Norwegian passengers?",
        "SELECT avg(age) FROM passenger WHERE nationality='Norwegian'",
    ),
    (
        "Find the nationality that has the most passengers.",
        "SELECT nationality FROM passenger GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    ("Which cities have more than one airport?", "SELECT city FROM airport GROUP BY 1 HAVING count(*)>1"),
    (
        "List the flight number and price of flights that cost more than the average price.",
        "SELECT flight_number, price FROM flight WHERE price>(SELECT avg(price) FROM flight)",
    ),
    ("What are the distinct seat classes?", "SELECT DISTINCT seat_class FROM booking"),
    ("What is the total fare paid for each seat class?", "SELECT seat_class, sum(fare) FROM booking GROUP BY 1"),
    (
        "Which countries have both an airport and an airline?",
        "SELECT country FROM airport INTERSECT SELECT home_country FROM airline",
    ),
    (
        "Which countries have an airport but no airline?",
        "SELECT country FROM airport EXCEPT SELECT home_country FROM airline",
    ),
    (
        "Show the names of airlines that have an aircraft built before 2000 and an aircraft built after 2015.",
        "SELECT name FROM airline WHERE airline_id IN (SELECT airline_id FROM aircraft WHERE year_built<2000) AND airline_id IN (SELECT airline_id FROM aircraft WHERE year_built>2015)",
    ),
    (
        "What is the name of the airline that operates the most expensive flight?",
        "SELECT name FROM flight JOIN airline USING (airline_id) ORDER BY price DESC LIMIT 1",
    ),
    (
        "Find the passenger who has made the most bookings. List the first name, last name and number of bookings.",
        "SELECT first_name, last_name, count(*) FROM passenger JOIN booking USING (passenger_id) GROUP BY passenger_id ORDER BY 3 DESC LIMIT 1",
    ),
    (
        "What is the average number of seats of aircraft operated by Lumiere?",
        "SELECT avg(seats) FROM aircraft JOIN airline USING (airline_id) WHERE name='Lumiere'",
    ),
    (
        "Which airports have no departing flights?",
        "SELECT airport_name FROM airport WHERE airport_code NOT IN (SELECT origin FROM flight)",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which flights were delayed by fog?",
    "Who was the pilot of flight F210?",
    "How many bags did each passenger check in?",
    "What meals are served in first class?",
    "What is the email address of each passenger?",
    "Which airports have a railway station?",
)
