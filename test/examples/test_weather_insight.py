"""The weather plugin as plain Python, without a host."""

import unittest
from pathlib import Path

import weather_insight
from fidius import PluginError, list_methods
from weather_plot import sparklines

header = "date,precipitation,temp_max,temp_min,wind,weather"


def days(*rows):
    return [{"date": date, "rain": rain, "high": high, "low": low} for date, rain, high, low in rows]


def records(*rows):
    return "\n".join([header, *rows, ""]).encode()


class ParseTest(unittest.TestCase):
    def test_reads_the_columns_it_needs(self):
        parsed = weather_insight.parse(records("2012-01-01,0.0,12.8,5.0,4.7,drizzle"))

        self.assertEqual(parsed, days(("2012-01-01", 0.0, 12.8, 5.0)))

    def test_reads_a_file_with_a_byte_order_mark_and_windows_line_ends(self):
        data = b"\xef\xbb\xbf" + records("2012-01-01,0.0,12.8,5.0,4.7,sun").replace(b"\n", b"\r\n")

        self.assertEqual(len(weather_insight.parse(data)), 1)

    def test_takes_bytes_as_a_list_of_numbers(self):
        """That is how a Rust host passes the bytes of a typed method."""
        self.assertEqual(len(weather_insight.parse(list(records("2012-01-01,0.0,12.8,5.0,4.7,sun")))), 1)

    def test_names_the_columns_that_are_missing(self):
        with self.assertRaises(PluginError) as raised:
            weather_insight.parse(b"date,wind\n2012-01-01,3\n")

        self.assertEqual(raised.exception.code, "UNKNOWN_COLUMN")
        self.assertEqual(raised.exception.details, {"missing": ["precipitation", "temp_max", "temp_min"]})

    def test_an_empty_file_lacks_every_column(self):
        with self.assertRaises(PluginError) as raised:
            weather_insight.parse(b"")

        self.assertEqual(raised.exception.code, "UNKNOWN_COLUMN")

    def test_names_line_and_column_of_a_bad_row(self):
        good = "2012-01-01,0.0,12.8,5.0,4.7,sun"
        bad = {
            "2012-13-01,0.0,12.8,5.0,4.7,sun": "date",
            "2012-01-02,much,12.8,5.0,4.7,sun": "precipitation",
            "2012-01-02,0.0,nan,5.0,4.7,sun": "temp_max",
            "2012-01-02,0.0,12.8": "temp_min",
        }

        for row, column in bad.items():
            with self.subTest(row), self.assertRaises(PluginError) as raised:
                weather_insight.parse(records(good, row))
            self.assertEqual(raised.exception.code, "BAD_ROW")
            self.assertEqual(raised.exception.details, {"line": 3, "column": column})


class MonthlyTest(unittest.TestCase):
    def test_gives_extremes_and_rain_of_each_month_in_order(self):
        months = weather_insight.monthly(
            days(
                ("2012-02-01", 0.2, 9.0, 1.0),
                ("2012-01-01", 0.1, 12.0, 5.0),
                ("2012-01-02", 0.2, 10.0, -1.5),
            ),
            {"first": "2012-01-01", "last": "2012-12-31"},
        )

        self.assertEqual(
            months,
            [
                {
                    "month": "2012-01",
                    "warmest": {"date": "2012-01-01", "value": 12.0},
                    "coldest": {"date": "2012-01-02", "value": -1.5},
                    "rain": 0.3,
                },
                {
                    "month": "2012-02",
                    "warmest": {"date": "2012-02-01", "value": 9.0},
                    "coldest": {"date": "2012-02-01", "value": 1.0},
                    "rain": 0.2,
                },
            ],
        )

    def test_includes_both_ends_of_the_period(self):
        three = days(("2012-01-01", 1.0, 1, 1), ("2012-01-02", 1.0, 1, 1), ("2012-01-03", 1.0, 1, 1))

        [month] = weather_insight.monthly(three, {"first": "2012-01-02", "last": "2012-01-03"})

        self.assertEqual(month["rain"], 2.0)

    def test_raises_for_a_period_without_records_and_says_which_there_are(self):
        period = {"first": "2031-01-01", "last": "2031-12-31"}

        with self.assertRaises(PluginError) as raised:
            weather_insight.monthly(days(("2012-01-01", 0, 0, 0), ("2012-01-09", 0, 0, 0)), period)

        self.assertEqual(raised.exception.code, "EMPTY_PERIOD")
        self.assertEqual(str(raised.exception), "no records between 2031-01-01 and 2031-12-31")
        self.assertEqual(
            raised.exception.details, {"period": period, "records": {"first": "2012-01-01", "last": "2012-01-09"}}
        )


class DrySpellTest(unittest.TestCase):
    def test_finds_the_longest_run_of_days_in_a_row(self):
        rain = [0, 5, 0, 0, 0, 5, 0, 0]
        record = days(*((f"2012-01-{day:02}", value, 0, 0) for day, value in enumerate(rain, start=1)))

        spell = weather_insight.dryspell(record, 0.0)

        self.assertEqual(spell, {"first": "2012-01-03", "last": "2012-01-05", "days": 3})

    def test_a_day_without_a_record_ends_a_run(self):
        record = days(("2012-01-01", 0, 0, 0), ("2012-01-03", 0, 0, 0), ("2012-01-04", 0, 0, 0))

        self.assertEqual(weather_insight.dryspell(record, 0.0)["first"], "2012-01-03")

    def test_the_limit_still_counts_as_dry(self):
        record = days(("2012-02-28", 0.2, 0, 0), ("2012-02-29", 0.0, 0, 0), ("2012-03-01", 0.3, 0, 0))

        self.assertEqual(weather_insight.dryspell(record, 0.2)["days"], 2)

    def test_raises_when_no_day_was_dry(self):
        with self.assertRaises(PluginError) as raised:
            weather_insight.dryspell(days(("2012-01-01", 3, 0, 0)), 0.0)

        self.assertEqual(raised.exception.code, "NO_DRY_DAY")
        self.assertEqual(raised.exception.details, {"limit": 0.0})


class PlotTest(unittest.TestCase):
    def test_draws_a_block_for_each_week_of_each_year_on_one_scale(self):
        readings = [("2012-01-01", 1.0), ("2012-01-07", 3.0), ("2012-01-08", 8.0), ("2013-12-31", 15.0)]

        title, first, second, months = sparklines("Wind", readings, max).splitlines()

        self.assertEqual(title, "Wind: ▁ 3.0 … 15.0 █")
        self.assertEqual(first, "2012 ▁▄" + " " * 50)
        self.assertEqual(second, "2013 " + " " * 51 + "█")
        self.assertEqual(months.split(), list("JFMAMJJASOND"))

    def test_draws_level_values_at_the_bottom(self):
        self.assertIn("2012 ▁▁ ", sparklines("Wind", [("2012-01-01", 2.0), ("2012-01-08", 2.0)], max))

    def test_says_so_when_there_is_nothing_to_draw(self):
        self.assertEqual(sparklines("Wind", [], max), "Wind: no readings")

    def test_gives_utf8_bytes(self):
        drawn = weather_insight.plot(records("2012-01-01,0.0,12.8,5.0,4.7,sun"))

        self.assertIsInstance(drawn, bytes)
        self.assertIn("Daily high, mean of each week (°C)", drawn.decode("utf-8"))


class SeattleTest(unittest.TestCase):
    """Against the records that the example reads."""

    def setUp(self):
        file = Path(__file__).parents[2] / "examples" / "data" / "seattle-weather.csv"
        self.data = file.read_bytes()
        self.days = weather_insight.parse(self.data)

    def test_reads_four_years(self):
        self.assertEqual(len(self.days), 1461)
        self.assertEqual((self.days[0]["date"], self.days[-1]["date"]), ("2012-01-01", "2015-12-31"))

    def test_knows_the_hottest_month_and_the_longest_dry_spell(self):
        year = weather_insight.monthly(self.days, {"first": "2015-01-01", "last": "2015-12-31"})

        self.assertEqual(len(year), 12)
        self.assertEqual(year[6]["warmest"], {"date": "2015-07-19", "value": 35.0})
        self.assertEqual(
            weather_insight.dryspell(self.days, 0.0), {"first": "2012-07-23", "last": "2012-09-08", "days": 48}
        )

    def test_fits_a_terminal_of_80_columns(self):
        lines = weather_insight.plot(self.data).decode("utf-8").splitlines()

        self.assertEqual(len(lines), 13)
        self.assertLessEqual(max(map(len, lines)), 80)


class PackageTest(unittest.TestCase):
    def test_marks_its_four_methods(self):
        self.assertEqual(list_methods("weather_insight"), ["dryspell", "monthly", "parse", "plot"])
