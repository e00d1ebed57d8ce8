"""A software company's accounts, subscriptions and support desk, and what its managers ask."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TYPE ticket_priority AS ENUM ('low','normal','high','urgent');
CREATE TABLE plans (plan_id int PRIMARY KEY, plan_name text NOT NULL, monthly_price numeric(8,2) NOT NULL, max_users int, is_public boolean NOT NULL);
CREATE TABLE accounts (account_id int PRIMARY KEY, company_name text NOT NULL, industry text, country text, signed_up_at timestamptz NOT NULL, churned_at timestamptz, parent_account_id int REFERENCES accounts, health_score int);
CREATE TABLE contacts (contact_id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, first_name text, last_name text, email text, phone text, last_login_at timestamptz);
CREATE TABLE subscriptions (subscription_id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, plan_id int NOT NULL REFERENCES plans, started_on date NOT NULL, ends_on date, cancelled_on date, seats int NOT NULL, discount_pct numeric(4,1));
CREATE TABLE agents (agent_id int PRIMARY KEY, agent_name text NOT NULL, team text, hired_on date, team_lead_id int REFERENCES agents);
CREATE TABLE tickets (ticket_id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, contact_id int REFERENCES contacts, agent_id int REFERENCES agents, subject text NOT NULL, priority ticket_priority NOT NULL, status text NOT NULL, opened_at timestamptz NOT NULL, first_reply_at timestamptz, resolved_at timestamptz, satisfaction int);
CREATE TABLE replies (reply_id int PRIMARY KEY, ticket_id int NOT NULL REFERENCES tickets, agent_id int REFERENCES agents, body text NOT NULL, sent_at timestamptz NOT NULL, internal boolean NOT NULL);
CREATE TABLE bills (bill_id int PRIMARY KEY, subscription_id int NOT NULL REFERENCES subscriptions, amount_due numeric(10,2) NOT NULL, billed_on date NOT NULL, due_date date NOT NULL, paid_on date);
INSERT INTO plans VALUES (1,'Free',0,3,true),(2,'Team',49,20,true),(3,'Business',199,100,true),(4,'Custom',899,NULL,false);
INSERT INTO accounts SELECT n, (array['Acorn','Birch','Cedar','Dogwood','Elm','Fir','Ginkgo','Hazel'])[1+n%8]||' '||(array['Ltd','Labs','Group'])[1+n%3]||' '||n, (array['retail','health','education','finance'])[1+n%4], (array['Germany','France','Japan','Canada','Brazil'])[1+n%5], now()-n*interval '23 days', CASE WHEN n%7=0 THEN now()-n*interval '9 days' END, CASE WHEN n>20 AND n%3=0 THEN 1+n%4 END, 30+(n*37)%70 FROM generate_series(1,40) n;
INSERT INTO contacts SELECT n, 1+(n*3)%38, (array['Ana','Bo','Chi','Dee','Eli'])[1+n%5], (array['Ray','Sun','Tan','Ude'])[1+n%4]||n, CASE WHEN n%9<>0 THEN 'c'||n||'@x.test' END, CASE WHEN n%4<>0 THEN '+1 555 '||(1000+n) END, CASE WHEN n%6<>0 THEN now()-n*interval '31 hours' END FROM generate_series(1,90) n;
INSERT INTO subscriptions SELECT n, 1+(n*7)%39, 1+n%4, current_date-n*19, CASE WHEN n%2=0 THEN current_date-n*19+700 END, CASE WHEN n%6=0 THEN current_date-n*5 END, 1+(n*5)%60, CASE WHEN n%5=0 THEN 10 END FROM generate_series(1,55) n;
INSERT INTO agents VALUES (1,'Nadia Frost','Billing','2018-02-01',NULL),(2,'Owen Price','Technical','2019-05-01',NULL),(3,'Pia Voss','Technical','2021-01-15',2),(4,'Quin Abara','Technical','2022-07-01',2),(5,'Rita Solano','Billing','2023-03-01',1),(6,'Sam Idle','Onboarding','2024-01-10',NULL);
INSERT INTO tickets SELECT n, 1+(n*11)%37, 1+(n*7)%88, CASE WHEN n%12=0 THEN NULL ELSE 1+(n*n)%5 END, 'Issue '||n, (array['low','normal','normal','high','urgent'])[1+n%5]::ticket_priority, (array['open','pending','solved','solved','closed'])[1+(n*3)%5], ts, CASE WHEN n%10<>0 THEN ts+n%7*interval '40 minutes'+interval '10 minutes' END, CASE WHEN (n*3)%5>=2 THEN ts+interval '1 hour'*(2+n%60) END, CASE WHEN n%3=0 THEN 1+n%5 END FROM (SELECT n, date_trunc('day',now())-n*interval '29 hours'+interval '9 hours' ts FROM generate_series(1,180) n) x;
INSERT INTO replies SELECT n, 1+(n*13)%170, CASE WHEN n%5=0 THEN NULL ELSE 1+n%5 END, repeat('word ',1+(n*17)%90), now()-n*interval '11 hours', n%8=0 FROM generate_series(1,320) n;
INSERT INTO bills SELECT n, 1+(n*3)%53, 20+(n*97)%1500, current_date-n*6, current_date-n*6+14, CASE WHEN n%4<>0 THEN current_date-n*6+9 END FROM generate_series(1,110) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many tickets are open?", "SELECT count(*) FROM tickets WHERE status='open'"),
    ("open tickets by priority", "SELECT priority, count(*) FROM tickets WHERE status='open' GROUP BY 1"),
    (
        "How many tickets did each agent handle?",
        "SELECT a.agent_name, count(*) FROM agents a JOIN tickets t USING (agent_id) GROUP BY a.agent_id",
    ),
    (
        "urgent tickets opened last week",
        "SELECT ticket_id FROM tickets WHERE priority='urgent' AND opened_at>=date_trunc('week',current_date)-interval '1 week' AND opened_at<date_trunc('week',current_date)",
    ),
    ("tickets without an agent", "SELECT ticket_id FROM tickets WHERE agent_id IS NULL"),
    ("unresolved tickets", "SELECT ticket_id FROM tickets WHERE resolved_at IS NULL"),
    (
        "average satisfaction per agent",
        "SELECT a.agent_name, avg(satisfaction) FROM tickets t JOIN agents a USING (agent_id) GROUP BY a.agent_id",
    ),
    (
        "Which agent solved the most tickets?",
        "SELECT a.agent_name FROM tickets t JOIN agents a USING (agent_id) WHERE t.status='solved' GROUP BY a.agent_id ORDER BY count(*) DESC LIMIT 1",
    ),
    ("tickets per month", "SELECT date_trunc('month',opened_at), count(*) FROM tickets GROUP BY 1"),
    (
        "how many tickets were resolved this month?",
        "SELECT count(*) FROM tickets WHERE resolved_at>=date_trunc('month',current_date) AND resolved_at<date_trunc('month',current_date)+interval '1 month'",
    ),
    ("average resolution time in hours", "SELECT avg(extract(epoch FROM resolved_at-opened_at)/3600) FROM tickets"),
    ("accounts in Germany", "SELECT company_name FROM accounts WHERE country='Germany'"),
    ("churned accounts", "SELECT company_name FROM accounts WHERE churned_at IS NOT NULL"),
    (
        "accounts that signed up in the last 90 days",
        "SELECT company_name FROM accounts WHERE signed_up_at>=current_date-interval '90 days'",
    ),
    ("number of accounts per industry", "SELECT industry, count(*) FROM accounts GROUP BY 1"),
    (
        "accounts with no subscription",
        "SELECT company_name FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.account_id=a.account_id)",
    ),
    (
        "accounts on the Business plan",
        "SELECT company_name FROM accounts a WHERE EXISTS (SELECT 1 FROM subscriptions s JOIN plans p USING (plan_id) WHERE s.account_id=a.account_id AND p.plan_name='Business')",
    ),
    (
        "How many seats are sold on each plan?",
        "SELECT p.plan_name, sum(seats) FROM subscriptions s JOIN plans p USING (plan_id) GROUP BY p.plan_id",
    ),
    (
        "total seats per country",
        "SELECT a.country, sum(seats) FROM subscriptions s JOIN accounts a USING (account_id) GROUP BY 1",
    ),
    (
        "cancelled subscriptions this year",
        "SELECT subscription_id FROM subscriptions WHERE cancelled_on>=date_trunc('year',current_date) AND cancelled_on<date_trunc('year',current_date)+interval '1 year'",
    ),
    (
        "most popular plan",
        "SELECT p.plan_name FROM subscriptions s JOIN plans p USING (plan_id) GROUP BY p.plan_id ORDER BY count(*) DESC LIMIT 1",
    ),
    ("cheapest public plan", "SELECT plan_name FROM plans WHERE is_public ORDER BY monthly_price LIMIT 1"),
    ("overdue bills", "SELECT bill_id FROM bills WHERE due_date<current_date AND paid_on IS NULL"),
    ("total amount of unpaid bills", "SELECT sum(amount_due) FROM bills WHERE paid_on IS NULL"),
    ("total billed per month", "SELECT date_trunc('month',billed_on), sum(amount_due) FROM bills GROUP BY 1"),
    (
        "top 3 accounts by billed amount",
        "SELECT a.company_name, sum(amount_due) FROM bills b JOIN subscriptions s USING (subscription_id) JOIN accounts a USING (account_id) GROUP BY a.account_id ORDER BY 2 DESC LIMIT 3",
    ),
    ("contacts who never logged in", "SELECT first_name,last_name FROM contacts WHERE last_login_at IS NULL"),
    ("contacts without a phone number", "SELECT first_name,last_name FROM contacts WHERE phone IS NULL"),
    (
        "agents and their team leads",
        "SELECT a.agent_name, l.agent_name FROM agents a LEFT JOIN agents l ON l.agent_id=a.team_lead_id",
    ),
    ("agents hired before 2022", "SELECT agent_name FROM agents WHERE hired_on<'2022-01-01'"),
    ("how many agents are in each team?", "SELECT team, count(*) FROM agents GROUP BY team"),
    ("longest replies", "SELECT reply_id FROM replies ORDER BY length(body) DESC LIMIT 10"),
    (
        "internal replies by Pia Voss",
        "SELECT reply_id FROM replies r JOIN agents a USING (agent_id) WHERE r.internal AND a.agent_name='Pia Voss'",
    ),
    (
        "percentage of tickets that are urgent",
        "SELECT 100.0*count(*) FILTER (WHERE priority='urgent')/count(*) FROM tickets",
    ),
    (
        "tickets with more than 3 replies",
        "SELECT ticket_id FROM tickets WHERE ticket_id IN (SELECT ticket_id FROM replies GROUP BY 1 HAVING count(*)>3)",
    ),
    ("accounts with a health score below 50", "SELECT company_name FROM accounts WHERE health_score<50"),
    ("who resolved ticket 17?", "SELECT a.agent_name FROM tickets t JOIN agents a USING (agent_id) WHERE ticket_id=17"),
    (
        "accounts with at least 5 open tickets",
        "SELECT company_name FROM accounts a WHERE (SELECT count(*) FROM tickets t WHERE t.account_id=a.account_id AND t.status='open')>=5",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which accounts use the mobile app?",
    "How many phone calls did we receive?",
    "What is the salary of each agent?",
    "Which competitor do churned accounts move to?",
    "How many bugs were fixed?",
)
