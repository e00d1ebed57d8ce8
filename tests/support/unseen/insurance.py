"""An insurer's policies and claims, raw: prefixed tables, no keys declared."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE tbl_policyholder (ph_id int, ph_name text, dob date, gender char(1), region text, risk_class text);
CREATE TABLE tbl_agent (agent_id int, agent_name text, branch text, hired date, commission_pct numeric(4,2));
CREATE TABLE tbl_policy (pol_no text, ph_id int, agent_id int, product text, premium_yearly numeric(10,2), sum_insured numeric(12,2), eff_date date, exp_date date, pol_status text);
CREATE TABLE tbl_claim (clm_no int, pol_no text, loss_date date, reported_date date, settled_date date, clm_type text, clm_amount numeric(12,2), paid_amount numeric(12,2), clm_status text, adjuster text);
CREATE TABLE tbl_premium_pmt (pmt_id int, pol_no text, pmt_date date, amount numeric(10,2), channel text);
INSERT INTO tbl_policyholder SELECT n, (array['Olga','Pia','Quinn','Ralf','Sven','Tess'])[1+n%6]||' '||(array['Ek','Lind','Mora','Nyman','Oster'])[1+n%5], date '1948-02-01'+n*211, (array['F','M'])[1+(n*n)%3%2], (array['North','South','East','West'])[1+(n*7)%4], (array['low','medium','high'])[1+(n*5)%3] FROM generate_series(1,100) n;
INSERT INTO tbl_agent VALUES (1,'Carla Voss','Harbour','2009-04-01',4.5),(2,'Dirk Amsel','Harbour','2015-09-15',5),(3,'Edda Frey','Uptown','2018-01-10',5.5),(4,'Falk Reis','Uptown','2021-06-01',3),(5,'Gesa Thorn','Airport','2023-02-20',3.5),(6,'Hein Ulm','Airport','2024-05-05',3);
INSERT INTO tbl_policy SELECT 'P'||(1000+n), 1+(n*13)%92, 1+floor(sqrt(n))::int%5, (array['motor','home','life','travel'])[1+(n*3)%4], 120+(n*83)%1900, 5000+(n*7919)%200000, current_date-900+n*4, current_date-900+n*4+365+365*(n%3), CASE WHEN n%9=0 THEN 'cancelled' WHEN n%13=0 THEN 'lapsed' ELSE 'in force' END FROM generate_series(1,200) n;
INSERT INTO tbl_claim SELECT n, 'P'||(1001+(n*7)%180), current_date-n*5, current_date-n*5+2+n%11, CASE WHEN n%5>1 THEN current_date-n*5+20+n%40 END, (array['theft','collision','water damage','fire','medical'])[1+(n*3)%5], 200+(n*409)%9000, CASE WHEN n%5>1 THEN (200+(n*409)%9000)*0.8 END, CASE WHEN n%5>1 THEN 'settled' WHEN n%5=1 THEN 'rejected' ELSE 'open' END, (array['Ines Kamp','Jan Lohr','Kira Mahl'])[1+n%3] FROM generate_series(1,170) n;
INSERT INTO tbl_premium_pmt SELECT n, 'P'||(1001+(n*11)%190), current_date-n, 30+(n*29)%300, (array['bank','card','agent'])[1+(n*n)%3] FROM generate_series(1,420) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many policies are in force?", "SELECT count(*) FROM tbl_policy WHERE pol_status='in force'"),
    ("What is the total claim amount by claim type?", "SELECT clm_type, sum(clm_amount) FROM tbl_claim GROUP BY 1"),
    (
        "Which product has the highest average yearly premium?",
        "SELECT product FROM tbl_policy GROUP BY 1 ORDER BY avg(premium_yearly) DESC LIMIT 1",
    ),
    (
        "What is the loss ratio, i.e. total paid amount divided by total premium payments?",
        "SELECT (SELECT sum(paid_amount) FROM tbl_claim)/(SELECT sum(amount) FROM tbl_premium_pmt)",
    ),
    ("Average number of days between loss and reporting", "SELECT avg(reported_date-loss_date) FROM tbl_claim"),
    (
        "How many days does it take on average to settle a claim by adjuster?",
        "SELECT adjuster, avg(settled_date-reported_date) FROM tbl_claim GROUP BY 1",
    ),
    (
        "List the policyholders in the North region with a high risk class",
        "SELECT ph_name FROM tbl_policyholder WHERE region='North' AND risk_class='high'",
    ),
    (
        "Top 3 agents by number of policies sold",
        "SELECT agent_name, count(*) FROM tbl_policy JOIN tbl_agent USING (agent_id) GROUP BY agent_id, 1 ORDER BY 2 DESC LIMIT 3",
    ),
    (
        "Which agents have sold no policies?",
        "SELECT agent_name FROM tbl_agent a WHERE NOT EXISTS (SELECT 1 FROM tbl_policy p WHERE p.agent_id=a.agent_id)",
    ),
    (
        "What share of claims was rejected?",
        "SELECT 100.0*count(*) FILTER (WHERE clm_status='rejected')/count(*) FROM tbl_claim;SELECT 1.0*count(*) FILTER (WHERE clm_status='rejected')/count(*) FROM tbl_claim",
    ),
    (
        "Number of claims reported per month this year",
        "SELECT date_trunc('month',reported_date), count(*) FROM tbl_claim WHERE reported_date>=date_trunc('year',current_date) AND reported_date<date_trunc('year',current_date)+interval '1 year' GROUP BY 1",
    ),
    (
        "Policies that expire in the next 60 days",
        "SELECT pol_no FROM tbl_policy WHERE exp_date>=current_date AND exp_date<=current_date+60;SELECT pol_no FROM tbl_policy WHERE exp_date>=current_date AND exp_date<current_date+60",
    ),
    (
        "Claims above 5000 that are still open",
        "SELECT clm_no FROM tbl_claim WHERE clm_amount>5000 AND clm_status='open'",
    ),
    (
        "Which policyholders have more than one policy?",
        "SELECT ph_name FROM tbl_policyholder JOIN tbl_policy USING (ph_id) GROUP BY ph_id, 1 HAVING count(*)>1",
    ),
    (
        "What is the average claim amount for motor policies?",
        "SELECT avg(clm_amount) FROM tbl_claim JOIN tbl_policy USING (pol_no) WHERE product='motor'",
    ),
    (
        "Total premium payments by channel in the last 90 days",
        "SELECT channel, sum(amount) FROM tbl_premium_pmt WHERE pmt_date>=current_date-90 GROUP BY 1",
    ),
    ("Who is the oldest policyholder?", "SELECT ph_name FROM tbl_policyholder ORDER BY dob LIMIT 1"),
    ("How many male and female policyholders are there?", "SELECT gender, count(*) FROM tbl_policyholder GROUP BY 1"),
    (
        "For each region, what is the number of claims and the total paid amount?",
        "SELECT region, count(*), sum(paid_amount) FROM tbl_claim JOIN tbl_policy USING (pol_no) JOIN tbl_policyholder USING (ph_id) GROUP BY 1",
    ),
    (
        "Which branch brings in the most premium?",
        "SELECT branch FROM tbl_policy JOIN tbl_agent USING (agent_id) GROUP BY 1 ORDER BY sum(premium_yearly) DESC LIMIT 1;SELECT branch FROM tbl_premium_pmt JOIN tbl_policy USING (pol_no) JOIN tbl_agent USING (agent_id) GROUP BY 1 ORDER BY sum(amount) DESC LIMIT 1",
    ),
    (
        "What is the largest claim ever paid?",
        "SELECT max(paid_amount) FROM tbl_claim;SELECT clm_no FROM tbl_claim ORDER BY paid_amount DESC NULLS LAST LIMIT 1",
    ),
    (
        "List all policies without any claim",
        "SELECT pol_no FROM tbl_policy p WHERE NOT EXISTS (SELECT 1 FROM tbl_claim c WHERE c.pol_no=p.pol_no)",
    ),
    (
        "What is the average sum insured of home policies held by women?",
        "SELECT avg(sum_insured) FROM tbl_policy JOIN tbl_policyholder USING (ph_id) WHERE product='home' AND gender='F'",
    ),
    (
        "How many claims did Jan Lohr handle last year?",
        "SELECT count(*) FROM tbl_claim WHERE adjuster='Jan Lohr' AND reported_date>=date_trunc('year',current_date)-interval '1 year' AND reported_date<date_trunc('year',current_date);SELECT count(*) FROM tbl_claim WHERE adjuster='Jan Lohr' AND loss_date>=date_trunc('year',current_date)-interval '1 year' AND loss_date<date_trunc('year',current_date)",
    ),
    (
        "Show the difference between claimed and paid amount for settled claims",
        "SELECT clm_no, clm_amount-paid_amount FROM tbl_claim WHERE clm_status='settled';SELECT clm_amount-paid_amount FROM tbl_claim WHERE clm_status='settled';SELECT sum(clm_amount)-sum(paid_amount) FROM tbl_claim WHERE clm_status='settled'",
    ),
    (
        "What is the most frequent claim type among high risk policyholders?",
        "SELECT clm_type FROM tbl_claim JOIN tbl_policy USING (pol_no) JOIN tbl_policyholder USING (ph_id) WHERE risk_class='high' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "What is the running total of premium payments by month?",
        "SELECT date_trunc('month',pmt_date), sum(sum(amount)) OVER (ORDER BY date_trunc('month',pmt_date)) FROM tbl_premium_pmt GROUP BY 1",
    ),
    (
        "For each product show the policy with the highest sum insured",
        "SELECT DISTINCT ON (product) product, pol_no, sum_insured FROM tbl_policy ORDER BY product, sum_insured DESC;SELECT DISTINCT ON (product) product, pol_no FROM tbl_policy ORDER BY product, sum_insured DESC",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "What was the police report number of each theft?",
    "How many policyholders smoke?",
    "What is the credit score of the policyholders?",
    "Which reinsurer covers the fire claims?",
    "How many lawsuits are pending?",
    "Which garages repaired the cars?",
)
