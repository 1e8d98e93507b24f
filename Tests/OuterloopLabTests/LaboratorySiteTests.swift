import Foundation
import Testing

@testable import OuterloopLab

/// The report as files: formulas, pages, an index.
@Suite struct LaboratorySiteTests {
  @Test(arguments: [
    ("x", "<mrow><mi>x</mi></mrow>"),
    ("-2.5", "<mrow><mo>−</mo><mn>2.5</mn></mrow>"),
    ("w_t^2", "<mrow><msubsup><mi>w</mi><mi>t</mi><mrow><mn>2</mn></mrow></msubsup></mrow>"),
    (
      "\\frac{a}{b}",
      "<mrow><mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac></mrow>"
    ),
    (
      "\\sum_{i}x",
      "<mrow><munder><mo movablelimits=\"false\">∑</mo><mrow><mi>i</mi></mrow></munder><mi>x</mi></mrow>"
    ),
    ("\\text{a < b}", "<mrow><mtext>a &lt; b</mtext></mrow>"),
  ])
  func formulas(_ tex: String, _ body: String) throws {
    #expect(
      try Formula(tex).markup
        == "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">\(body)</math>")
  }

  @Test(arguments: ["{a", "a}", "\\nosuch", "\\frac{a}", "a^", "\\left( a", "x_", "\\text a", "#"])
  func brokenFormulas(_ tex: String) {
    #expect(throws: LabError.self) { try Formula(tex) }
  }

  /// The site is whole, what is stored is not run again, and a claim that fails is told.
  @Test func writesPages() throws {
    let folder = TemporaryFolder()
    let counter = Runs()
    var sample = SampleExperiment()
    sample.number = 3
    func make() throws -> [LaboratorySite.Entry] {
      let site = try LaboratorySite(folder.path)
      let entry = try site.add(sample) { experiment, folder in
        counter.count += 1
        return try experiment.run(ExperimentContext(folder: folder))
      }
      try site.finish([entry])
      return [entry]
    }
    let entries = try make()
    #expect(entries[0].failed.map(\.statement) == ["Two is three"])
    let page = try String(contentsOfFile: entries[0].page, encoding: .utf8)
    for part in [
      "<svg", "<math", "outerloop lab sample --number 3.0", "1 of 2 claims fail", "a &lt; b",
      "https://example.org",
    ] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(!page.contains("<script"))
    let index = try #require(folder.files["index.html"])
    #expect(index.contains("sample/index.html") && folder.files["style.css"] != nil)
    #expect(try make().map(\.claims) == entries.map(\.claims))
    #expect(counter.count == 1)
    #expect(try String(contentsOfFile: entries[0].page, encoding: .utf8) == page)
    #expect(folder.files["index.html"] == index)
  }

  private final class Runs { var count = 0 }
}

/// The least that an experiment can be.
private struct SampleExperiment: Experiment {
  static let about = ExperimentDescription(
    name: "sample", summary: "A sample.", question: "Is a < b?", method: "Nothing.",
    mathematics: "See $x^2$.", sources: [.init("Source", "https://example.org")])
  static let settings: [Setting<Self>] = [
    .number("number", \.number, "A number.", .atLeast(0))
  ]
  static var quick: Self { Self() }
  var number = 2.0

  func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let two = try context.run("two", key: "0") { 2.0 }
    return ExperimentReport(
      tables: [.init("Numbers", columns: ["value"], rows: [.init("two", [two])])],
      claims: [
        Claim("Two is two", .theory, is: 2, within: 0, measured: two, check: "by looking"),
        Claim("Two is three", .theory, is: 3, within: 0, measured: two, check: "by looking"),
      ],
      figures: [.init("two.svg", "Two.", svg: "<svg></svg>\n")])
  }
}
