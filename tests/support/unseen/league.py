"""A football league: clubs, players, matches, goals, transfers, with keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE stadium (stadium_id int PRIMARY KEY, name text, city text, capacity int, opened int);
CREATE TABLE team (team_id int PRIMARY KEY, team_name text, nickname text, founded int, stadium_id int REFERENCES stadium);
CREATE TABLE coach (coach_id int PRIMARY KEY, full_name text, country text, team_id int REFERENCES team, since_year int);
CREATE TABLE player (player_id int PRIMARY KEY, full_name text, birth_date date, country text, position text, height_cm int, team_id int REFERENCES team, weekly_wage int);
CREATE TABLE match (match_id int PRIMARY KEY, season text, played_on date, home_team_id int REFERENCES team, away_team_id int REFERENCES team, home_goals int, away_goals int, attendance int);
CREATE TABLE goal (goal_id int PRIMARY KEY, match_id int REFERENCES match, player_id int REFERENCES player, minute int, is_penalty boolean);
CREATE TABLE transfer (transfer_id int PRIMARY KEY, player_id int REFERENCES player, from_team_id int REFERENCES team, to_team_id int REFERENCES team, fee_millions numeric(6,2), transfer_date date);
INSERT INTO stadium VALUES (1,'Hill Park','Ayr',18000,1921),(2,'Dock Road','Hull',25500,1955),(3,'The Meadow','Bath',9400,1980),(4,'New Arena','Hull',42000,2012),(5,'Castle Ground','York',15200,1934),(6,'Old Mill','Bath',3000,1899);
INSERT INTO team VALUES (1,'Ayr Rovers','the Larks',1890,1),(2,'Hull Dockers','the Cranes',1904,2),(3,'Bath Spa','the Romans',1921,3),(4,'Hull City Lions','the Lions',1999,4),(5,'York Knights','the Knights',1911,5),(6,'Kent Wanderers','the Hops',2016,NULL);
INSERT INTO coach VALUES (1,'Owen Price','Wales',1,2019),(2,'Luis Prado','Spain',2,2022),(3,'Marc Petit','France',3,2020),(4,'Ewan Black','Scotland',4,2023),(5,'Iker Soto','Spain',NULL,NULL);
INSERT INTO player SELECT n, (array['Al','Bo','Cy','Di','Ed','Flo','Gus'])[1+n%7]||' '||(array['Ash','Birch','Cole','Dean','East'])[1+n%5]||' '||n, date '1988-03-01'+n*151, (array['England','Spain','Wales','France','Ghana'])[1+floor(sqrt(n*3))::int%5], (array['goalkeeper','defender','midfielder','forward'])[1+(n*n)%7%4], 168+(n*7)%30, CASE WHEN n%17<>0 THEN 1+floor(sqrt(n))::int%5 END, 2000+(n*911)%38000 FROM generate_series(1,68) n;
INSERT INTO match SELECT n, CASE WHEN n<=30 THEN '2022-23' ELSE '2023-24' END, date '2022-08-13'+n*9, 1+n%5, 1+(n+1+n%4)%5, (n*7)%5, (n*3)%4, 2500+(n*977)%21000 FROM generate_series(1,60) n;
INSERT INTO goal SELECT n, 1+(n*7)%58, 1+least((n*13)%61,(n*7)%50,(n*5)%43), 1+(n*13)%90, n%8=0 FROM generate_series(1,130) n;
INSERT INTO transfer SELECT n, 1+(n*11)%60, 1+n%5, 1+(n+2)%5, (n*37)%90/2.0, date '2021-01-10'+n*47 FROM generate_series(1,24) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many players are there?", "SELECT count(*) FROM player"),
    (
        "What are the names and nicknames of the teams founded before 1920?",
        "SELECT team_name, nickname FROM team WHERE founded<1920",
    ),
    (
        "Find the name and capacity of the largest stadium.",
        "SELECT name, capacity FROM stadium ORDER BY capacity DESC LIMIT 1",
    ),
    ("What is the average height of goalkeepers?", "SELECT avg(height_cm) FROM player WHERE position='goalkeeper'"),
    ("Show the number of players for each position.", "SELECT position, count(*) FROM player GROUP BY 1"),
    (
        "List the names of the players of Bath Spa in alphabetical order.",
        "SELECT full_name FROM player JOIN team USING (team_id) WHERE team_name='Bath Spa' ORDER BY 1",
    ),
    (
        "Which team has the most players?",
        "SELECT team_name FROM player JOIN team USING (team_id) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Which teams have no coach?",
        "SELECT team_name FROM team WHERE team_id NOT IN (SELECT team_id FROM coach WHERE team_id IS NOT NULL)",
    ),
    ("Find the names of the coaches from Spain.", "SELECT full_name FROM coach WHERE country='Spain'"),
    ("How many goals were scored from penalties?", "SELECT count(*) FROM goal WHERE is_penalty"),
    (
        "What are the names of players who scored more than 3 goals?",
        "SELECT full_name FROM player JOIN goal USING (player_id) GROUP BY player_id HAVING count(*)>3",
    ),
    (
        "Who scored the most goals?",
        "SELECT full_name FROM player JOIN goal USING (player_id) GROUP BY player_id ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Which players have never scored a goal?",
        "SELECT full_name FROM player WHERE player_id NOT IN (SELECT player_id FROM goal)",
    ),
    ("What is the average attendance for each season?", "SELECT season, avg(attendance) FROM match GROUP BY 1"),
    (
        "What is the total transfer fee paid by each team?",
        "SELECT team_name, sum(fee_millions) FROM transfer JOIN team ON to_team_id=team_id GROUP BY 1",
    ),
    (
        "Which country do most players come from?",
        "SELECT country FROM player GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Show the countries that have both players and coaches.",
        "SELECT country FROM player INTERSECT SELECT country FROM coach",
    ),
    ("What are the cities with at least two stadiums?", "SELECT city FROM stadium GROUP BY 1 HAVING count(*)>=2"),
    (
        "How many matches did York Knights play at home?",
        "SELECT count(*) FROM match JOIN team ON home_team_id=team_id WHERE team_name='York Knights'",
    ),
    (
        "What are the names of players who are taller than 190 cm or earn more than 30000 per week?",
        "SELECT full_name FROM player WHERE height_cm>190 OR weekly_wage>30000",
    ),
    (
        "Find the player with the highest weekly wage and the name of his team.",
        "SELECT full_name, team_name FROM player LEFT JOIN team USING (team_id) ORDER BY weekly_wage DESC LIMIT 1",
    ),
    (
        "List the names of the stadiums that are not used by any team.",
        "SELECT name FROM stadium WHERE stadium_id NOT IN (SELECT stadium_id FROM team WHERE stadium_id IS NOT NULL)",
    ),
    (
        "What is the most expensive transfer? Give the player's name and the fee.",
        "SELECT full_name, fee_millions FROM transfer JOIN player USING (player_id) ORDER BY fee_millions DESC LIMIT 1",
    ),
    (
        "How many players older than 30 does each team have?",
        "SELECT team_name, count(*) FROM player JOIN team USING (team_id) WHERE birth_date<=current_date-interval '30 years' GROUP BY 1;SELECT team_name, count(*) FROM player JOIN team USING (team_id) WHERE birth_date<current_date-interval '30 years' GROUP BY 1;SELECT team_name, count(player_id) FROM team LEFT JOIN player p ON p.team_id=team.team_id AND birth_date<current_date-interval '30 years' GROUP BY 1",
    ),
    (
        "Show the names of players whose wage is above the average wage.",
        "SELECT full_name FROM player WHERE weekly_wage>(SELECT avg(weekly_wage) FROM player)",
    ),
    ("What is the total capacity of the stadiums in Hull?", "SELECT sum(capacity) FROM stadium WHERE city='Hull'"),
    (
        "How many different countries do the forwards come from?",
        "SELECT count(DISTINCT country) FROM player WHERE position='forward'",
    ),
    (
        "What are the three matches with the highest attendance?",
        "SELECT match_id FROM match ORDER BY attendance DESC LIMIT 3;SELECT played_on, attendance FROM match ORDER BY attendance DESC LIMIT 3",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "Who was the referee of each match?",
    "How many yellow cards did each player get?",
    "Which players are injured?",
    "What is the ticket price for the New Arena?",
    "Which sponsor pays the most?",
    "How many trophies has each team won?",
)
