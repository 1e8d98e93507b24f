import Testing

@testable import OuterloopCommand

@Suite struct TextTests {
  @Test(arguments: [
    (0.0, "0s"), (0.2, "1s"), (59, "59s"), (59.5, "1m00s"), (192, "3m12s"), (3600, "1h00m"),
    (7500, "2h05m"), (.infinity, "very long"), (.nan, "very long"),
  ])
  func times(_ seconds: Double, _ text: String) {
    #expect(Progress.time(seconds) == text)
  }

  /// A time is written so that it is read as the same.
  @Test(arguments: [
    (1.0, "1s"), (0.2, "1s"), (90, "1m30s"), (600, "10m"), (3600, "1h"), (5400, "1h30m"),
    (172_800, "48h"),
  ])
  func timesToType(_ seconds: Double, _ text: String) {
    #expect(Seconds(value: seconds).description == text)
    #expect(Seconds(argument: text)?.value == seconds.rounded(.up))
  }

  @Test(arguments: [
    ("plain", "plain"), ("a/b-c_d.e=1", "a/b-c_d.e=1"), ("", "''"), ("two words", "'two words'"),
    ("it's", "'it'\\''s'"), ("$HOME", "'$HOME'"),
  ])
  func words(_ word: String, _ quoted: String) {
    #expect(CommandText.quoted(word) == quoted)
  }

  /// The tables of a study's two halves, laid out together, are the table of the whole.
  @Test(arguments: 1...3)
  func joinsTables(_ split: Int) {
    let rows = [
      ["1", "complete", "0.5"], ["22", "failed", ""], ["333", "ünïcode", "-1e-7"], ["4", "x", "y"],
    ]
    func table(_ rows: ArraySlice<[String]>) -> TextTable {
      var table = TextTable(["trial", "state", "loss"])
      for row in rows { table.add(row) }
      return table
    }
    let (first, second) = (table(rows[..<split]), table(rows[split...]))
    let layout = first.layout.union(second.layout)
    let joined = [first.text(layout), second.text(layout, isFirst: false)]
    #expect(joined.joined(separator: "\n") == table(rows[...]).text)
  }

  @Test func tables() {
    var table = TextTable(["trial", "state", "loss", "act"])
    table.add(["0", "complete", "0.25", "relu"])
    table.add(["10", "failed (error)", "", "größer"])
    table.add(["2", "complete", "-1.5e-07", "7"])
    #expect(
      table.text == """
        trial  state               loss  act
            0  complete            0.25  relu
           10  failed (error)            größer
            2  complete        -1.5e-07  7
        """)
    #expect(TextTable(["a", "b"]).text == "a  b")
  }

  @Test(arguments: [
    ("1", true), ("-1.5", true), ("1e-05", true), ("nan", true), ("1.2.3", false), ("-", false),
    (".", false), ("1-2", false), ("x", false),
  ])
  func numbersStandToTheRight(_ cell: String, _ isNumber: Bool) {
    var table = TextTable(["heading"])
    table.add([cell])
    let space = String(repeating: " ", count: 7 - cell.count)
    #expect(table.text == "heading\n" + (isNumber ? space : "") + cell)
  }

  @Test func commandErrors() {
    let failure = CommandError("what", hint: "remedy")
    #expect(failure.text(color: false) == "error: what\n\nhint: remedy")
    #expect(failure.text(color: true) == "\u{1B}[1;31merror:\u{1B}[0m what\n\nhint: remedy")
    #expect(CommandError(CancellationError()).status == 130)
  }
}
