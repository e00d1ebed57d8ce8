"""A fire brigade, raw: stations, engines, crew, incidents, turnouts, trainings and hydrants, no keys declared."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE station (stn_id int, stn_name text, district text, opened date);
CREATE TABLE apparatus (app_id int, call_sign text, app_type text, stn_id int, purchase_yr int, water_ltr int, svc_status text);
CREATE TABLE firefighter (ff_id int, full_name text, rank_cd text, stn_id int, hired date, birth date, monthly_pay numeric(8,2));
CREATE TABLE incident (inc_no int, inc_type text, district text, street text, reported_ts timestamp, closed_ts timestamp, est_loss numeric(12,2), injuries int);
CREATE TABLE turnout (inc_no int, app_id int, dispatched_ts timestamp, arrived_ts timestamp);
CREATE TABLE crew_assign (inc_no int, ff_id int, duty text);
CREATE TABLE training (trn_id int, course text, trn_date date, hrs int, instructor text);
CREATE TABLE training_att (trn_id int, ff_id int, passed boolean);
CREATE TABLE hydrant (hyd_id int, street text, district text, flow_lpm int, last_insp date);
INSERT INTO station VALUES (1,'Northgate','North','1974-05-01'),(2,'Millbank','East','1988-09-10'),(3,'Old Town','Center','1931-03-20'),(4,'Airfield','West','2006-11-02'),(5,'Quarry','West','2019-06-15');
INSERT INTO apparatus SELECT n, 'E-'||(100+n), (array['pumper','ladder','rescue','tanker'])[1+floor(sqrt(n*3))::int%4], (array[1,1,2,2,2,3,3,2,4,4,1,2,3,4])[n], 1998+n*2-(n%3), 800+(n*370)%4200, (array['in service','in repair','reserve'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,14) n;
INSERT INTO firefighter SELECT n, (array['Alan','Beth','Chad','Dina','Earl','Faye','Glen'])[1+n%7]||' '||(array['Archer','Boyle','Crane','Drake','Ellis','Frost'])[1+(n*5)%6]||' '||n, (array['FF','LT','CPT'])[1+floor(sqrt(n))::int%3], 1+floor(sqrt(n*3))::int%4, date '1999-04-01'+n*171, date '1968-01-01'+n*203, 2600+(n*131)%2300 FROM generate_series(1,48) n;
INSERT INTO incident SELECT n, (array['fire','medical','rescue','false alarm','hazmat'])[1+floor(sqrt(n*5))::int%5], (array['North','East','Center','West'])[1+floor(sqrt(n*2))::int%4], (array['Main St','Oak Ave','Canal Rd','Hill Ln'])[1+(n*n)%4], now()-n*interval '29 hours', CASE WHEN n>3 THEN now()-n*interval '29 hours'+(1+n%11)*interval '25 minutes' END, CASE WHEN n%3=0 THEN 500+(n*977)%60000 END, CASE WHEN n%8=0 THEN 1+n%3 ELSE 0 END FROM generate_series(1,260) n;
INSERT INTO turnout SELECT n, 1+floor(sqrt(n*k*3))::int%13, now()-n*interval '29 hours'+interval '1 minute', now()-n*interval '29 hours'+(3+(n*k)%13)*interval '1 minute' FROM generate_series(1,260) n, generate_series(1,2) k;
INSERT INTO crew_assign SELECT n, 1+(n*k*k)%45, (array['driver','hose','command'])[k] FROM generate_series(1,260) n, generate_series(1,3) k;
INSERT INTO training SELECT n, (array['First aid','Ropes','Breathing gear','Hazmat basics'])[1+floor(sqrt(n*2))::int%4], current_date-n*9, 2+(n%4)*2, (array['Earl Moon','Nora West'])[1+n%2] FROM generate_series(1,40) n;
INSERT INTO training_att SELECT t, f, (t*f)%6<>0 FROM generate_series(1,40) t, generate_series(1,44) f WHERE (t+f*f)%4=0;
INSERT INTO hydrant SELECT n, (array['Main St','Oak Ave','Canal Rd','Hill Ln'])[1+floor(sqrt(n))::int%4], (array['North','East','Center','West'])[1+(n*3)%4], 600+(n*41)%1500, CASE WHEN n%7<>0 THEN current_date-n*6 END FROM generate_series(1,90) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many incidents were there by type?", "SELECT inc_type, count(*) FROM incident GROUP BY 1"),
    ("List the firefighters at Northgate", "SELECT full_name FROM firefighter JOIN station USING (stn_id) WHERE stn_name='Northgate'"),
    ("What is the average monthly pay per rank?", "SELECT rank_cd, avg(monthly_pay) FROM firefighter GROUP BY 1"),
    ("How many fires were reported last month?", "SELECT count(*) FROM incident WHERE inc_type='fire' AND reported_ts>=date_trunc('month',current_date)-interval '1 month' AND reported_ts<date_trunc('month',current_date)"),
    ("Which hydrants have never been inspected?", "SELECT hyd_id FROM hydrant WHERE last_insp IS NULL"),
    ("Which station has the most apparatus?", "SELECT stn_name FROM station JOIN apparatus USING (stn_id) GROUP BY stn_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Stations without any apparatus", "SELECT stn_name FROM station s WHERE NOT EXISTS (SELECT 1 FROM apparatus a WHERE a.stn_id=s.stn_id)"),
    ("Total estimated loss by district", "SELECT district, sum(est_loss) FROM incident GROUP BY 1"),
    ("How many incidents are still open?", "SELECT count(*) FROM incident WHERE closed_ts IS NULL"),
    ("Show the call signs of all pumpers in repair", "SELECT call_sign FROM apparatus WHERE app_type='pumper' AND svc_status='in repair'"),
    ("Who is the oldest firefighter?", "SELECT full_name FROM firefighter ORDER BY birth LIMIT 1"),
    ("Average water capacity of the tankers", "SELECT avg(water_ltr) FROM apparatus WHERE app_type='tanker'"),
    ("How many trainings did Nora West give?", "SELECT count(*) FROM training WHERE instructor='Nora West'"),
    ("Which firefighters failed the course Ropes?", "SELECT DISTINCT full_name FROM firefighter JOIN training_att USING (ff_id) JOIN training USING (trn_id) WHERE course='Ropes' AND NOT passed"),
    ("Number of injuries per district this year", "SELECT district, sum(injuries) FROM incident WHERE reported_ts>=date_trunc('year',current_date) AND reported_ts<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Which streets have more than 20 hydrants?", "SELECT street FROM hydrant GROUP BY 1 HAVING count(*)>20"),
    ("Firefighters earning more than 4000", "SELECT full_name FROM firefighter WHERE monthly_pay>4000"),
    ("Top 3 incidents by estimated loss", "SELECT inc_no, est_loss FROM incident WHERE est_loss IS NOT NULL ORDER BY 2 DESC LIMIT 3;SELECT inc_no FROM incident WHERE est_loss IS NOT NULL ORDER BY est_loss DESC LIMIT 3"),
    ("How long does it take from dispatch to arrival on average?", "SELECT avg(arrived_ts-dispatched_ts) FROM turnout;SELECT avg(extract(epoch from arrived_ts-dispatched_ts)) FROM turnout;SELECT avg(extract(epoch from arrived_ts-dispatched_ts))/60 FROM turnout;SELECT avg(extract(epoch from arrived_ts-dispatched_ts))/3600 FROM turnout"),
    ("What percentage of incidents are false alarms?", "SELECT 100.0*count(*) FILTER (WHERE inc_type='false alarm')/count(*) FROM incident;SELECT 1.0*count(*) FILTER (WHERE inc_type='false alarm')/count(*) FROM incident"),
    ("Apparatus bought before 2005", "SELECT call_sign FROM apparatus WHERE purchase_yr<2005;SELECT app_id FROM apparatus WHERE purchase_yr<2005;SELECT app_id, call_sign FROM apparatus WHERE purchase_yr<2005"),
    ("How many firefighters work in each station?", "SELECT stn_name, count(*) FROM station JOIN firefighter USING (stn_id) GROUP BY stn_id, 1;SELECT stn_id, count(*) FROM firefighter GROUP BY 1;SELECT stn_name, count(ff_id) FROM station LEFT JOIN firefighter USING (stn_id) GROUP BY stn_id, 1"),
    ("Lowest and highest flow of the hydrants on Oak Ave", "SELECT min(flow_lpm), max(flow_lpm) FROM hydrant WHERE street='Oak Ave'"),
    ("Which apparatus was sent to the most incidents?", "SELECT call_sign FROM apparatus JOIN turnout USING (app_id) GROUP BY app_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Incidents with at least one injury in the West district", "SELECT inc_no FROM incident WHERE injuries>=1 AND district='West'"),
    ("Total training hours per instructor", "SELECT instructor, sum(hrs) FROM training GROUP BY 1"),
    ("Stations opened after 1980", "SELECT stn_name FROM station WHERE opened>='1981-01-01'"),
    ("How many hydrants are there in the North?", "SELECT count(*) FROM hydrant WHERE district='North'"),
    ("Incidents per month this year", "SELECT date_trunc('month',reported_ts), count(*) FROM incident WHERE reported_ts>=date_trunc('year',current_date) AND reported_ts<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Which firefighters have never attended a training?", "SELECT full_name FROM firefighter f WHERE NOT EXISTS (SELECT 1 FROM training_att a WHERE a.ff_id=f.ff_id)"),
    ("Who was hired most recently?", "SELECT full_name FROM firefighter ORDER BY hired DESC LIMIT 1"),
    ("How many different firefighters have driven to an incident?", "SELECT count(DISTINCT ff_id) FROM crew_assign WHERE duty='driver'"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which insurance companies paid for the damage?",
    "How many cats were rescued from trees?",
    "What is the home address of the firefighters?",
    "How many litres of diesel did the ladder trucks use?",
    "Which buildings have sprinklers?",
    "List the arson suspects",
    "Which helmets must be replaced?",
    "How many days of sick leave did the captains take?",
    "What was the outdoor temperature at each fire?",
    "Which volunteers are on call tonight?",
)
