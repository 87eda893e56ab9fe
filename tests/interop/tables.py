"""Tables of events: DuckDB reads Parquet and CSV, Python reads CSV, and all count the same."""

import csv

from kit import same


def parquet(kit):
    duckdb = kit.python("duckdb", "duckdb")
    path = kit.export("pipeline", "parquet")
    profile = kit.profile("pipeline")
    ask = lambda query: duckdb.sql(query.replace("EVENTS", f"read_parquet('{path}')")).fetchall()
    said = [same("events", profile["totals"]["events"], ask("select count(*) from EVENTS")[0][0])]
    spawned = ask("select count(*) from EVENTS where kind like 'task.spawn%'")[0][0]
    said.append(same("tasks", profile["totals"]["tasks"], spawned))
    # A value is sent where a send did not block, or where the one that did was served: the profile counts them by channel.
    by_channel = dict(ask("select object_name, count(*) from EVENTS where kind = 'chan.send' group by 1"))
    ours = {row["name"]: row["sent"] for row in profile["channels"]}
    same("values sent by channel", ours, by_channel)
    said.append(f"sends {by_channel}")
    # How long everybody slept, from the events alone.
    slept = ask(
        """with woken as (select event, time_ns, other_task as task from EVENTS where kind = 'time.fire' and other_task is not null)
           select sum((select min(w.time_ns) from woken w where w.task = s.task and w.event > s.event) - s.time_ns)
           from EVENTS s where s.kind = 'time.sleep'"""
    )[0][0]
    said.append(same("ns asleep", profile["totals"]["sleeping_ns"], int(slept)))
    ordered = ask("select count(*) from (select event - lag(event) over (order by event) as step from EVENTS) where step <> 1")[0][0]
    same("gaps in the ordinals", 0, ordered)
    return "DuckDB: " + ", ".join(said)


def table(kit):
    duckdb = kit.python("duckdb", "duckdb")
    path = kit.export("philosophers", "csv")
    profile = kit.profile("philosophers")
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    same("events", profile["totals"]["events"], len(rows))
    theirs = duckdb.sql(f"select count(*), count(distinct task_name) from read_csv('{path}', header=true)").fetchall()[0]
    same("rows of DuckDB", len(rows), theirs[0])
    waiting = duckdb.sql(
        f"""select distinct task_name, object_name from read_csv('{path}', header=true) where kind = 'mutex.lock' and blocked"""
    ).fetchall()
    stuck = {task["task"] for finding in profile["findings"] for task in finding["tasks"] if task["op"] == "lock"}
    if not stuck or not stuck <= {task for task, _ in waiting}:
        raise AssertionError(f"the deadlock is of {stuck}, blocked in a lock are {waiting}")
    return f"{len(rows)} rows in Python and DuckDB; {len(stuck)} deadlocked tasks are among the blocked ones"


CHECKS = [("parquet, DuckDB", parquet), ("csv, Python and DuckDB", table)]
