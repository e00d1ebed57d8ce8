"""A factory's warehouse of facts, raw: dim_ and fct_ tables without declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE dim_line (line_key int, line_name text, site text);
CREATE TABLE dim_machine (machine_key int, machine_code text, machine_type text, line_key int, install_date date, vendor text);
CREATE TABLE dim_operator (operator_key int, operator_name text, shift text, line_key int);
CREATE TABLE fct_sensor_reading (reading_key int, machine_key int, sensor text, reading_ts timestamp, reading_val numeric(8,2), is_anomaly boolean);
CREATE TABLE fct_production (prod_key int, line_key int, product_sku text, shift text, prod_date date, units_made int, units_scrapped int);
CREATE TABLE fct_downtime (dt_key int, machine_key int, started_ts timestamp, ended_ts timestamp, reason_code text, planned_flag boolean);
CREATE TABLE fct_workorder (wo_no int, machine_key int, operator_key int, raised_ts timestamp, done_ts timestamp, wo_type text, parts_cost numeric(10,2), labor_hours numeric(6,2));
INSERT INTO dim_line VALUES (1,'Stamping','Gent'),(2,'Welding','Gent'),(3,'Painting','Liege'),(4,'Packing','Liege'),(5,'Pilot','Brugge');
INSERT INTO dim_machine SELECT n, 'M-'||(100+n), (array['press','robot','oven','conveyor'])[1+(n*3)%4], 1+n%4, date '2011-05-01'+n*137, (array['Kuhn','Ostra','Pallas'])[1+(n*n)%5%3] FROM generate_series(1,32) n;
INSERT INTO dim_operator SELECT n, (array['Arno','Bea','Cas','Dora'])[1+n%4]||' '||(array['Peeters','Claes','Maes'])[1+n%3], (array['early','late','night'])[1+n%3], 1+n%4 FROM generate_series(1,20) n;
INSERT INTO fct_sensor_reading SELECT n, 1+(n*7)%30, (array['temperature','vibration','pressure'])[1+(n*5)%3], now()-n*interval '47 minutes', 10+(n*31)%90+(n%4)/4.0, n%23=0 FROM generate_series(1,1600) n;
INSERT INTO fct_production SELECT n, 1+n%4, (array['SK-10','SK-20','SK-30'])[1+(n*5)%3], (array['early','late','night'])[1+(n*n)%7%3], current_date-n/3, 300+(n*37)%250, (n*11)%29 FROM generate_series(1,600) n;
INSERT INTO fct_downtime SELECT n, 1+least((n*5)%28,(n*3)%25), now()-n*interval '33 hours', CASE WHEN n>2 THEN now()-n*interval '33 hours'+(10+(n*7)%200)*interval '1 minute' END, (array['tool wear','material','electrical','cleaning'])[1+(n*n)%7%4], n%4=0 FROM generate_series(1,180) n;
INSERT INTO fct_workorder SELECT n, 1+(n*3)%30, CASE WHEN n%10<>0 THEN 1+(n*7)%18 END, now()-n*interval '50 hours', CASE WHEN n%8<>0 THEN now()-n*interval '50 hours'+(1+n%20)*interval '4 hours' END, (array['repair','inspection','upgrade'])[1+(n*5)%3], (n*53)%700, 1+(n*17)%41/4.0 FROM generate_series(1,150) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many machines are there of each type?", "SELECT machine_type, count(*) FROM dim_machine GROUP BY 1"),
    (
        "Total units made by line last month",
        "SELECT line_name, sum(units_made) FROM fct_production JOIN dim_line USING (line_key) WHERE prod_date>=date_trunc('month',current_date)-interval '1 month' AND prod_date<date_trunc('month',current_date) GROUP BY 1",
    ),
    (
        "What is the scrap rate per product, i.e. units scrapped divided by units made?",
        "SELECT product_sku, 1.0*sum(units_scrapped)/sum(units_made) FROM fct_production GROUP BY 1",
    ),
    (
        "Which machine had the most downtime events?",
        "SELECT machine_code FROM fct_downtime JOIN dim_machine USING (machine_key) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Average duration of unplanned downtime by reason",
        "SELECT reason_code, avg(ended_ts-started_ts) FROM fct_downtime WHERE NOT planned_flag GROUP BY 1",
    ),
    (
        "How many anomalies were detected in the last 7 days?",
        "SELECT count(*) FROM fct_sensor_reading WHERE is_anomaly AND reading_ts>=current_date-7",
    ),
    (
        "Average temperature reading for each machine",
        "SELECT machine_code, avg(reading_val) FROM fct_sensor_reading JOIN dim_machine USING (machine_key) WHERE sensor='temperature' GROUP BY 1",
    ),
    (
        "List the machines from vendor Ostra installed before 2015",
        "SELECT machine_code FROM dim_machine WHERE vendor='Ostra' AND install_date<'2015-01-01'",
    ),
    (
        "Which lines have no machines?",
        "SELECT line_name FROM dim_line l WHERE NOT EXISTS (SELECT 1 FROM dim_machine m WHERE m.line_key=l.line_key)",
    ),
    (
        "What is the total parts cost of repair work orders per month?",
        "SELECT date_trunc('month',raised_ts), sum(parts_cost) FROM fct_workorder WHERE wo_type='repair' GROUP BY 1;SELECT date_trunc('month',done_ts), sum(parts_cost) FROM fct_workorder WHERE wo_type='repair' GROUP BY 1",
    ),
    (
        "Top 5 operators by labor hours",
        "SELECT operator_name, sum(labor_hours) FROM fct_workorder JOIN dim_operator USING (operator_key) GROUP BY operator_key, 1 ORDER BY 2 DESC LIMIT 5",
    ),
    ("Work orders that are not done yet", "SELECT wo_no FROM fct_workorder WHERE done_ts IS NULL"),
    (
        "Which shift produces the most units?",
        "SELECT shift FROM fct_production GROUP BY 1 ORDER BY sum(units_made) DESC LIMIT 1",
    ),
    (
        "What percentage of downtime was planned?",
        "SELECT 100.0*count(*) FILTER (WHERE planned_flag)/count(*) FROM fct_downtime;SELECT 1.0*count(*) FILTER (WHERE planned_flag)/count(*) FROM fct_downtime",
    ),
    ("Number of machines per site", "SELECT site, count(*) FROM dim_machine JOIN dim_line USING (line_key) GROUP BY 1"),
    (
        "What is the highest vibration ever measured?",
        "SELECT max(reading_val) FROM fct_sensor_reading WHERE sensor='vibration'",
    ),
    (
        "Who worked on machine M-110?",
        "SELECT DISTINCT operator_name FROM fct_workorder JOIN dim_operator USING (operator_key) JOIN dim_machine USING (machine_key) WHERE machine_code='M-110'",
    ),
    (
        "How many work orders have no operator assigned?",
        "SELECT count(*) FROM fct_workorder WHERE operator_key IS NULL",
    ),
    (
        "What is the average number of units made per day?",
        "SELECT avg(s) FROM (SELECT sum(units_made) s FROM fct_production GROUP BY prod_date) x;SELECT 1.0*sum(units_made)/count(DISTINCT prod_date) FROM fct_production",
    ),
    (
        "Which machines have had more than 6 work orders?",
        "SELECT machine_code FROM fct_workorder JOIN dim_machine USING (machine_key) GROUP BY 1 HAVING count(*)>6",
    ),
    (
        "How long is the average repair from raised to done?",
        "SELECT avg(done_ts-raised_ts) FROM fct_workorder WHERE wo_type='repair'",
    ),
    (
        "Total units scrapped this week",
        "SELECT sum(units_scrapped) FROM fct_production WHERE prod_date>=date_trunc('week',current_date)",
    ),
    (
        "What is the oldest machine on the Welding line?",
        "SELECT machine_code FROM dim_machine JOIN dim_line USING (line_key) WHERE line_name='Welding' ORDER BY install_date LIMIT 1",
    ),
    (
        "Machines without any unplanned downtime",
        "SELECT machine_code FROM dim_machine m WHERE NOT EXISTS (SELECT 1 FROM fct_downtime d WHERE d.machine_key=m.machine_key AND NOT planned_flag)",
    ),
    (
        "Average units made per shift in Gent",
        "SELECT shift, avg(units_made) FROM fct_production JOIN dim_line USING (line_key) WHERE site='Gent' GROUP BY 1",
    ),
    ("How many night shift operators are there?", "SELECT count(*) FROM dim_operator WHERE shift='night'"),
    (
        "Weekly count of anomalies by sensor",
        "SELECT date_trunc('week',reading_ts), sensor, count(*) FROM fct_sensor_reading WHERE is_anomaly GROUP BY 1,2",
    ),
    (
        "Show the latest reading of each sensor on machine M-105",
        "SELECT DISTINCT ON (sensor) sensor, reading_val FROM fct_sensor_reading JOIN dim_machine USING (machine_key) WHERE machine_code='M-105' ORDER BY sensor, reading_ts DESC",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "How much energy did the ovens consume?",
    "What is the salary of the operators?",
    "Which customers bought SK-10?",
    "How many accidents happened last year?",
    "What is the warranty period of each machine?",
    "What is the weather forecast in Gent?",
)
