import OuterloopText
import Testing

@testable import OuterloopLearning

/// Tables as people have them.
@Suite struct TableTests {
  func prepare(
    _ text: String, _ options: CSV.Options = CSV.Options(), like other: PreparedTable? = nil
  ) throws -> PreparedTable {
    try CSV.prepare(bytes: Array(text.utf8), named: "t.csv", options: options, like: other)
  }

  func refusal(
    _ text: String, _ options: CSV.Options = CSV.Options(), like other: PreparedTable? = nil,
    _ location: SourceLocation = #_sourceLocation
  ) throws -> DataError {
    try dataError(location) { _ = try prepare(text, options, like: other) }
  }

  func rows(_ header: String, _ count: Int, _ row: (Int) -> String) -> String {
    header + "\n" + (0..<count).map { row($0) + "\n" }.joined()
  }

  @Test func usesEveryKindOfColumn() throws {
    let days = ["2026-01-02", "03.04.2026", "11/29/26", "2026-01-02 10:30"]
    let table = try prepare(
      rows("id,x,y,color,day,who,same,nothing,kind", 40) { row in
        let y = row % 5 == 0 ? "NA" : "\(row * 2)"
        let color = ["red", "green", "blue"][row % 3]
        return "\(row),\(row * row),\(y),\(color),\(days[row % 4]),n\(row),7,,\(row % 2)"
      })
    #expect(
      table.data.featureNames == [
        "x", "y", "y is missing", "color=blue", "color=green", "color=red",
      ])
    #expect(table.data.shape == [6] && table.data.count == 40)
    // y of the rows that are no multiples of 5: 2, 4, 6, 8, 12, ..., 78; the middle two are 38 and 42.
    #expect(Array(table.data.features.prefix(12)) == [0, 40, 1, 0, 0, 1, 1, 2, 0, 0, 1, 0])
    let kinds = table.preparation.columns.map(\.kind)
    #expect(kinds[0] == .identifier && kinds[2] == .number(missing: 8, median: 40))
    #expect(kinds[3] == .category(["blue", "green", "red"], missing: 0))
    #expect(kinds[4] == .date && kinds[5] == .text(different: 40))
    #expect(kinds[6] == .constant("7") && kinds[7] == .empty && kinds[8] == .label)
    #expect(
      table.notes == [
        "column 'y': number, 8 missing values replaced by the median 40 and marked",
        "column 'id': left out: it numbers the rows", "column 'day': left out: dates",
        "column 'who': left out: 40 different texts, too many for a category",
        "column 'same': left out: '7' in every row", "column 'nothing': left out: no values",
      ])
  }

  @Test(arguments: ["", "?", "NA", "n/a", "NaN", "null", "None", "nil", "#N/A"])
  func knowsMissingValues(word: String) throws {
    let table = try prepare("a,b,y\n1,\(word),p\n2,5,q\n3,7,p\n4,9,q\n")
    #expect(table.data.featureNames == ["a", "b", "b is missing"])
    #expect(Array(table.data.features.prefix(6)) == [1, 7, 1, 2, 5, 0])
  }

  @Test func noneMayBeAClass() throws {
    let table = try prepare("a,y\n1,None\n2,mild\n3,None\n4,mild\n5,NA\n")
    #expect(table.data.classNames == ["None", "mild"] && table.unlabeledLines == [6])
  }

  @Test func readsARareWordAsMissing() throws {
    let table = try prepare(
      rows("a,b,y", 40) { "\($0 == 9 ? "unknown" : "\($0 * $0)"),\($0 % 7),\($0 % 2)" })
    #expect(table.preparation.columns[0].readAsMissing == ["unknown"])
    #expect(table.notes[0].contains("1 missing value ('unknown' among them) replaced"))
    #expect(table.data.features.allSatisfy { $0.isFinite })
  }

  @Test func twoTextsAreOneFeature() throws {
    let table = try prepare("s,y\nyes,a\nno,b\nyes,a\nno,b\n")
    #expect(table.data.featureNames == ["s=yes"] && table.data.features == [1, 0, 1, 0])
    let missing = try prepare("s,y\nyes,a\nno,b\nyes,a\n?,b\nno,b\n")
    #expect(missing.data.featureNames == ["s=no", "s=yes", "s is missing"])
    #expect(Array(missing.data.features[9..<12]) == [0, 0, 1])
  }

  @Test func numbersAmongTextsAreTextsToo() throws {
    let table = try prepare("g,y\n1,a\nx,b\n1.0,a\nx,b\n2,a\n2,b\n")
    #expect(table.data.featureNames == ["g=1", "g=2", "g=x"])
    #expect(table.data.features == [1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0])
  }

  @Test func namesRowsAndLines() throws {
    let table = try prepare("a,y\n1,p\n\n2,\n\"3\",\"q\nr\"\n4,p\n5,?\n6,NA\n7,p\n")
    #expect(table.data.rows == [1, 3, 4, 7] && table.data.lines == [2, 5, 7, 10])
    #expect(table.unlabeledLines == [4, 8, 9])
    #expect(
      table.notes.last == "3 rows have no label and are left out: lines 4, 8, 9")
    let some = try table.data.selecting([3, 0])
    #expect(some.rows == [7, 1] && some.lines == [10, 2])
    #expect(try some.relabeled([0, 1]).rows == [7, 1])
    #expect(try some.joined(some).lines == [10, 2, 10, 2])
    #expect(try Scaling.maxAbs(of: some).applied(to: some).rows == [7, 1])
    #expect(try some.named(["u", "v"]).lines == [10, 2])
  }

  @Test(arguments: [
    ("a,y\n1,x\n2,x\n3,x\n", "all 3 rows are of class 'x', so that no label can be wrong"),
    (
      "a,y\n1,x\n2,y\n3,z\n",
      "every one of the 3 rows has a label of its own, so they are no classes"
    ),
    ("a,y\n1,x\n", "one row: 'x' is its class"),
    ("a,y\n1,\n2,NA\n", "no row has a label"),
  ])
  func refusesLabelsThatAreNoClasses(text: String, what: String) throws {
    let error = try refusal(text)
    #expect(error.cause == .label && error.what == what && error.field == "column 'y'")
    #expect(error.remedy.hasPrefix("name the column that holds the class (--label)"))
  }

  @Test func refusesMeasurementsAndNames() throws {
    let numbers = try refusal(rows("a,g,t", 60) { "\($0 * $0),\($0 % 3),\($0 / 2 * 7)" })
    #expect(
      numbers.what.hasPrefix("30 different numbers in 60 rows, which look like a measurement"))
    #expect(numbers.remedy.hasSuffix("columns with a few values: 'g'"))
    let names = try refusal(rows("a,t", 60) { "\($0),n\($0 < 50 ? $0 : 0)" })
    #expect(names.what == "50 different labels in 60 rows, which are no classes")
    // Many classes with many rows each are classes, and so are a few fractions.
    #expect(try prepare(rows("a,t", 400) { "\($0 * 3 % 7),\($0 % 40)" }).data.classCount == 40)
    let halves = try prepare(rows("a,t", 30) { "\($0 % 7),\(["0.5", "1", "1.50"][$0 % 3])" })
    #expect(halves.data.classNames == ["0.5", "1", "1.5"])
  }

  @Test func findsHeaders() throws {
    #expect(
      try prepare("color,fruit\nred,apple\nblue,plum\nred,plum\nblue,apple\n").data.count == 4)
    #expect(try prepare("red,apple\nblue,plum\nred,plum\nblue,apple\n").data.count == 4)
    #expect(try prepare(",a,y\n0,5,p\n1,6,q\n2,7,p\n").data.featureNames == ["column 1", "a"])
    #expect(try prepare("1,2,p\n3,4,q\n5,6,p\n").data.featureNames.isEmpty)
    #expect(try prepare("a,b,y\n,2,p\n3,4,q\n5,6,p\n").data.count == 3)
    // A word in the first row alone is no header.
    let word = try prepare(
      "?x,1,p\n2,3,q\n4,5,p\n6,7,q\n8,8,p\n1,2,p\n3,3,q\n4,4,q\n5,6,p\n7,8,q\n")
    #expect(word.data.count == 10 && word.preparation.columns[0].readAsMissing == ["?x"])
  }

  @Test func tellsColumnsOfOneNameApart() throws {
    let table = try prepare("a,a,a (2),y\n1,5,2,p\n3,4,7,q\n5,9,8,p\n")
    #expect(table.data.featureNames == ["a", "a (3)", "a (2)"])
  }

  @Test(arguments: [("\t", "0.5"), (";", "0,5"), ("|", "0,5"), (",", "0.5")])
  func findsSeparators(separator: String, half: String) throws {
    let text = [["a", "b", "y"], [half, "2", "p"], ["3", half, "q"], [half, "5", "p"]].map {
      $0.joined(separator: separator)
    }.joined(separator: "\r\n")
    #expect(try prepare(text).data.features == [0.5, 2, 3, 0.5, 0.5, 5])
  }

  @Test func refusesMixedPoints() throws {
    let error = try refusal("a;b;y\n1.5;2;p\n3;1,234;q\n5;6;p\n")
    #expect(error.line == 3 && error.what.contains("where line 2 has one with a point"))
  }

  @Test func findsMarksOfTrustedRows() throws {
    let options = CSV.Options(label: .name("y"), trusted: .name("ok"))
    let table = try prepare("y,ok,a\np,yes,1\nq,no,2\np,,3\nq,TRUE,4\n,1,5\n", options)
    #expect(table.trusted == [true, false, false, true])
    #expect(table.data.featureNames == ["a"] && table.data.rows == [1, 2, 3, 4])
    let error = try refusal("y,ok,a\np,maybe,1\nq,no,2\np,,3\n", options)
    #expect(error.line == 2 && error.field == "column 'ok'" && error.cause == .malformed)
    let both = CSV.Options(label: .name("y"), trusted: .index(0))
    #expect(try refusal("y,ok,a\np,1,1\n", both).cause == .column)
  }

  @Test func preparesOtherFilesAlike() throws {
    let table = try prepare("a,c,same,y\n1,red,7,p\n?,blue,7,q\n3,red,7,p\n5,blue,7,q\n")
    // Other order, a new text, a missing number; the column that was left out need not be there.
    let other = try prepare(
      "c,a,y\ngreen,?,q\nred,2,p\n", CSV.Options(label: .name("y")), like: table)
    #expect(table.data.featureNames == ["a", "a is missing", "c=red"])
    #expect(other.data.features == [3, 1, 0, 2, 0, 1] && other.data.labels == [1, 0])
    #expect(other.data.classNames == table.data.classNames)
    #expect(try refusal("c,y\nred,p\n", like: table).what == "no column named 'a'")
    let word = try refusal("a,c,same,y\nx,red,7,p\n", like: table)
    #expect(word.line == 2 && word.what == "'x' in a column of numbers")
    #expect(try refusal("a,c,same,y\n1,red,7,r\n", like: table).cause == .label)
    let plain = try prepare("1,2,p\n3,4,q\n5,6,p\n")
    #expect(try prepare("7,NA,q\n", like: plain).data.features == [7, 4])
    #expect(try refusal("7,8,9,q\n", like: plain).cause == .mismatch)
  }

  @Test func refusesWhatIsNotFinite() throws {
    for word in ["inf", "-Infinity", "1e39"] {
      let error = try refusal("a,b,y\n1,2,p\n2,\(word),q\n3,4,p\n")
      #expect(error.cause == .nonFinite && error.line == 3 && error.field == "column 'b'")
    }
    // In a column of names it is a name.
    #expect(try prepare("a,b,y\n1,inf,p\n2,x,q\n3,inf,p\n4,x,q\n").data.shape == [2])
  }

  @Test func refusesFilesWithoutAnythingToLearnFrom() throws {
    let error = try refusal("a,y\n7,p\n7,q\n7,p\n")
    #expect(error.cause == .empty && error.what.contains("column 'a' left out: '7' in every row"))
    for text in ["", "a,b,y\n", "\n\n"] { #expect(try refusal(text).cause == .empty) }
    #expect(try refusal("a\n1\n2\n").remedy == "separate columns by commas, semicolons or tabs")
  }

  @Test func notesNamesThatAreNearlyTheSame() throws {
    let table = try prepare("a,y\n1,cat\n2,Cat\n3,cat\n4,Cat\n")
    #expect(table.notes == ["classes 'Cat' and 'cat' differ in capitals or spaces only"])
  }
}
