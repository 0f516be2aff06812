"""The interactions: out of git into a CSV file, out of the file into the workspace, asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from amdahl import AmdahlClient, InvalidSqlError, query_data
from examples.amdahl import commits
from examples.demo.processes import Server
from examples.demo.report import Report, console, how_many

# As the service's guide asks it.
BY_CHANNEL = (
    "SELECT channel, COUNT(*) AS events FROM interactions "
    "GROUP BY channel ORDER BY events DESC LIMIT 5"
)
_LINES = (
    "SELECT SUM(amount) AS lines, COUNT(*) FILTER (WHERE stage = 'added') AS new "
    "FROM interactions WHERE company_name = @area"
)
_FOREIGN = "SELECT * FROM pg_shadow"
# A shallow clone, or a copy without its past, has too little to show anything.
_ROWS_MIN_COUNT = 20


@dataclass(frozen=True, slots=True)
class History:
    """The rows of the file, to count them independently of the server."""

    rows: list[dict[str, str]]

    def counted(self, column: str) -> Counter[str]:
        """How many rows have each value."""
        return Counter(row[column] for row in self.rows)

    @property
    def largest(self) -> str:
        """The package or folder that most changes were for."""
        return min(self.counted("company_name").items(), key=lambda one: (-one[1], one[0]))[0]


def bring_in(server: Server, root: Path, folder: Path, report: Report) -> History:
    """Write the file and import it, twice: what is there already is not there again."""
    file = folder / "history.csv"
    found = commits.commits(root)
    if len(found) >= _ROWS_MIN_COUNT:
        origin = "this repository's git history"
        commits.write(found, file)
    else:
        origin = f"examples/amdahl/{commits.SAMPLE.name}, as git has too little history here"
        file.write_bytes(commits.SAMPLE.read_bytes())
    history = History(list(commits.read(file)))
    found_count = how_many(len(history.rows), "commit")
    console.print(f"\n[bold]Interactions:[/] {found_count}, from {escape(origin)}.")
    console.print("  one row each: who wrote it, when, what it says, and as its channel")
    for channel, meaning in commits.CHANNELS.items():
        console.print(f"    {channel:<8} a change to {escape(meaning)}", style="dim")
    first = server.import_interactions(file)
    console.print(f"  quintet amdahl import: {escape(first)}", style="dim", soft_wrap=True)
    again = server.import_interactions(file)
    console.print(f"  and once more:         {escape(again)}", style="dim", soft_wrap=True)
    count = len(history.rows)
    fine = f"({count:,} new, 0 changed, 0 as they were)" in first
    report.line("commits as interactions", "all imported", how_many(count, "row"), fine=fine)
    fine = f"(0 new, 0 changed, {count:,} as they were)" in again
    report.line("  imported again", "nothing new", how_many(count, "row"), fine=fine)
    return history


def ask(client: AmdahlClient, history: History, report: Report) -> None:
    """Ask as the guide does, with a parameter, and for what is not the workspace's."""
    result = query_data(client, BY_CHANNEL)
    table = Table("channel", "events")
    for row in result["rows"]:
        table.add_row(row["channel"], str(row["events"]))
    console.print(f"\n[bold]SQL,[/] the guide's: {escape(BY_CHANNEL)}", soft_wrap=True)
    console.print(table)
    counted = history.counted("channel")
    asked = [row["events"] for row in result["rows"]]
    fine = asked == sorted(counted.values(), reverse=True)[:5] and all(
        counted[row["channel"]] == row["events"] for row in result["rows"]
    )
    report.line(
        "the guide's query", "as counted in the file", how_many(len(asked), "row"), fine=fine
    )

    area = history.largest
    [row] = client.data.query(_LINES, {"area": area})["rows"]
    of_area = [each for each in history.rows if each["company_name"] == area]
    lines = sum(int(each["amount"]) for each in of_area)
    new = sum(each["stage"] == "added" for each in of_area)
    fine = (row["lines"], row["new"]) == (lines, new)
    outcome = f"{row['lines']:,.0f} lines in {area}"
    report.line("  with a parameter", outcome, how_many(len(of_area), "commit"), fine=fine)

    try:
        client.data.query(_FOREIGN)
        refusal = "it was carried out"
    except InvalidSqlError as error:
        refusal = f"{error.reason}, HTTP {error.status}"
        console.print(f"  {_FOREIGN}: {escape(error.message)}", style="dim", soft_wrap=True)
    report.line("  for others' tables", f"refused: {refusal}", fine="unknown_table" in refusal)
