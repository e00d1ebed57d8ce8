"""Escape rooms: venues, rooms, game masters, teams, games, hints and vouchers, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE venues (venue_id int PRIMARY KEY, name text NOT NULL, city text, rent_per_month numeric(8,2), opened_on date);
CREATE TABLE rooms (room_id int PRIMARY KEY, venue_id int REFERENCES venues, room_name text NOT NULL, theme text, difficulty int, max_players int, price numeric(6,2), closed_on date);
CREATE TABLE game_masters (gm_id int PRIMARY KEY, full_name text NOT NULL, venue_id int REFERENCES venues, hired_on date, hourly_wage numeric(5,2));
CREATE TABLE teams (team_id int PRIMARY KEY, team_name text NOT NULL, contact_email text, city text, created_on date);
CREATE TABLE games (game_id int PRIMARY KEY, room_id int REFERENCES rooms, team_id int REFERENCES teams, gm_id int REFERENCES game_masters, played_at timestamp, players int, minutes_needed int, escaped boolean, paid numeric(7,2));
CREATE TABLE hints (hint_id int PRIMARY KEY, game_id int REFERENCES games, given_at timestamp, hint_type text);
CREATE TABLE vouchers (voucher_id int PRIMARY KEY, code text NOT NULL, value numeric(6,2), sold_on date, redeemed_on date);
INSERT INTO venues VALUES (1,'Lock House','Porto',2100,'2014-05-01'),(2,'Key Club','Braga',1500,'2017-09-12'),(3,'The Vault','Porto',2800,'2019-02-20'),(4,'Riddle Inn','Faro',990,'2022-06-01');
INSERT INTO rooms SELECT n, (array[1,1,2,3,3,2,1,3,2])[n], (array['Pharaoh','Lab 13','Bank Job','Submarine','Haunted Loft','Prison','Space Station','Wizard','Museum'])[n], (array['history','science','crime','adventure','horror','crime','science','fantasy','crime'])[n], (array[2,4,3,5,4,3,5,1,2])[n], 4+n%3, 70+n*4, CASE WHEN n IN (3,8) THEN date '2023-01-01'+n*9 END FROM generate_series(1,9) n;
INSERT INTO game_masters SELECT n, (array['Ana Reis','Rui Costa','Ines Dias','Tiago Luz','Marta Vale','Nuno Sa'])[n], (array[1,2,3,1,3,2])[n], date '2015-01-10'+n*400, 8+n*0.7 FROM generate_series(1,6) n;
INSERT INTO teams SELECT n, (array['Foxes','Clever Cats','Puzzled','Night Owls','The Crew','Brainstorm'])[1+n%6]||' '||n, CASE WHEN n%4<>0 THEN 't'||n||'@team.example' END, (array['Porto','Braga','Lisbon'])[1+floor(sqrt(n*2))::int%3], date '2018-01-01'+n*40 FROM generate_series(1,60) n;
INSERT INTO games SELECT n, 1+floor(sqrt(n*3))::int%8, 1+floor(sqrt(n*9))::int%52, 1+floor(sqrt(n*2))::int%5, now()-n*interval '15 hours', 2+n%5, 28+(n*7)%33, (28+(n*7)%33)<55, 60+(n*13)%80 FROM generate_series(1,300) n;
INSERT INTO hints SELECT n, 1+(n*7)%290, now()-n*interval '5 hours', (array['text','audio','call'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,520) n;
INSERT INTO vouchers SELECT n, 'V-'||(5000+n), (array[50,100,150])[1+floor(sqrt(n))::int%3], current_date-n*3, CASE WHEN n%3<>0 THEN current_date-n*3+20 END FROM generate_series(1,100) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many rooms does each venue have?", "SELECT v.name, count(*) FROM venues v JOIN rooms USING (venue_id) GROUP BY venue_id, 1;SELECT v.name, count(room_id) FROM venues v LEFT JOIN rooms USING (venue_id) GROUP BY venue_id, 1"),
    ("Which rooms have the theme crime?", "SELECT room_name FROM rooms WHERE theme='crime'"),
    ("What is the most difficult horror room?", "SELECT room_name FROM rooms WHERE theme='horror' ORDER BY difficulty DESC LIMIT 1"),
    ("List the venues in Porto", "SELECT name FROM venues WHERE city='Porto'"),
    ("What is the total monthly rent?", "SELECT sum(rent_per_month) FROM venues"),
    ("Which rooms are closed?", "SELECT room_name FROM rooms WHERE closed_on IS NOT NULL"),
    ("Average price of the rooms by theme", "SELECT theme, avg(price) FROM rooms GROUP BY 1"),
    ("Which venue has no rooms?", "SELECT name FROM venues v WHERE NOT EXISTS (SELECT 1 FROM rooms r WHERE r.venue_id=v.venue_id)"),
    ("How many games were played last month?", "SELECT count(*) FROM games WHERE played_at>=date_trunc('month',current_date)-interval '1 month' AND played_at<date_trunc('month',current_date)"),
    ("What percentage of games ended with an escape?", "SELECT 100.0*count(*) FILTER (WHERE escaped)/count(*) FROM games;SELECT 1.0*count(*) FILTER (WHERE escaped)/count(*) FROM games"),
    ("Which team has played the most games?", "SELECT team_name FROM teams JOIN games USING (team_id) GROUP BY team_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Teams that have never played", "SELECT team_name FROM teams t WHERE NOT EXISTS (SELECT 1 FROM games g WHERE g.team_id=t.team_id)"),
    ("Average minutes needed per room", "SELECT room_name, avg(minutes_needed) FROM rooms JOIN games USING (room_id) GROUP BY room_id, 1"),
    ("What was the fastest escape from the Submarine?", "SELECT min(minutes_needed) FROM games JOIN rooms USING (room_id) WHERE escaped AND room_name='Submarine'"),
    ("Total paid per venue", "SELECT v.name, sum(paid) FROM games JOIN rooms USING (room_id) JOIN venues v USING (venue_id) GROUP BY venue_id, 1"),
    ("Game masters who earn more than 10 per hour", "SELECT full_name FROM game_masters WHERE hourly_wage>10"),
    ("Who is the game master with the longest service?", "SELECT full_name FROM game_masters ORDER BY hired_on LIMIT 1"),
    ("Number of games led by each game master", "SELECT full_name, count(*) FROM game_masters JOIN games USING (gm_id) GROUP BY gm_id, 1;SELECT full_name, count(game_id) FROM game_masters LEFT JOIN games USING (gm_id) GROUP BY gm_id, 1"),
    ("How many hints of each type were given?", "SELECT hint_type, count(*) FROM hints GROUP BY 1"),
    ("Which games needed more than 3 hints?", "SELECT game_id FROM hints GROUP BY 1 HAVING count(*)>3"),
    ("How many vouchers have not been redeemed?", "SELECT count(*) FROM vouchers WHERE redeemed_on IS NULL"),
    ("Total value of the vouchers sold this year", "SELECT sum(value) FROM vouchers WHERE sold_on>=date_trunc('year',current_date) AND sold_on<date_trunc('year',current_date)+interval '1 year'"),
    ("Teams from Braga without an email", "SELECT team_name FROM teams WHERE city='Braga' AND contact_email IS NULL"),
    ("Number of players per month this year", "SELECT date_trunc('month',played_at), sum(players) FROM games WHERE played_at>=date_trunc('year',current_date) AND played_at<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Rooms for more than 5 players that cost less than 90", "SELECT room_name FROM rooms WHERE max_players>5 AND price<90"),
    ("The three cheapest rooms", "SELECT room_name FROM rooms ORDER BY price LIMIT 3"),
    ("Which cities have more than 15 teams?", "SELECT city FROM teams GROUP BY 1 HAVING count(*)>15"),
    ("Average number of players per game", "SELECT avg(players) FROM games"),
    ("Venues opened after 2016, newest first", "SELECT name FROM venues WHERE opened_on>='2017-01-01' ORDER BY opened_on DESC"),
    ("Which teams escaped from Pharaoh?", "SELECT DISTINCT team_name FROM teams JOIN games USING (team_id) JOIN rooms USING (room_id) WHERE escaped AND room_name='Pharaoh'"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which actors work in the Haunted Loft?",
    "How many locks were broken?",
    "What is the phone number of each team?",
    "Which rooms are wheelchair accessible?",
    "Who built the Submarine?",
    "What did the props cost?",
    "Which teams left a bad review?",
    "How much electricity does The Vault use?",
    "Which game masters are students?",
    "How many children played last week?",
)
