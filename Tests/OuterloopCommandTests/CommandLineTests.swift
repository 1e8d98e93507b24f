import Foundation
import Testing

/// Help, versions and errors, word by word.
@Suite struct CommandLineTests {
  private let tool = Tool()

  @Test(arguments: HelpTexts.all)
  func help(_ help: HelpTexts.Help) throws {
    let ending = try tool.run(help.words + ["--help"])
    #expect(ending.status == 0)
    #expect(ending.err.isEmpty)
    #expect(ending.out == help.text + "\n")
  }

  static let usage: [CommandError] = [
    CommandError(["frobnicate"], "there is no command `frobnicate`", "outerloop --help"),
    CommandError(["tuen"], "there is no command `tuen`", "did you mean outerloop tune?"),
    CommandError(
      ["resme", "--study", "x"], "there is no command `resme`", "did you mean outerloop resume?"),
    CommandError(["clean"], "Missing expected argument '--data <path>'"),
    CommandError(["clean", "--data", ""], "--data is empty"),
    CommandError(clean: ["--out", ""], "--out is empty"),
    CommandError(clean: ["--stepz", "3"], "Unknown option '--stepz'. Did you mean '--steps'?"),
    CommandError(
      clean: ["--steps", "abc"], "The value 'abc' is invalid for '--steps <n>'",
      "write a whole number from 0 on; see outerloop clean --help"),
    CommandError(
      clean: ["--steps", "0"], "--steps 0 is out of range: it must be from 1 to 10000000"),
    CommandError(
      clean: ["--steps", "-5"], "--steps -5 is out of range: it must be from 1 to 10000000"),
    CommandError(
      clean: ["--corrupt", "1.5"], "--corrupt 1.5 is out of range: it must be from 0 to below 1"),
    CommandError(
      clean: ["--rate", "nan"], "--rate nan is out of range: it must be a positive number"),
    CommandError(
      clean: ["--method", "nonsense"],
      "The value 'nonsense' is invalid for '--method <method>': no such method; use auto or published"
    ),
    CommandError(
      clean: ["--steps", "20", "--estimator", "truncated:21"],
      "--estimator truncated:21 is out of range: it must be truncated:K with K from 1 to --steps 20"
    ),
    CommandError(
      ["data", "fetch", "cifar"], "no data set is called 'cifar'; known are mnist, fashion-mnist",
      "outerloop data fetch --help"),
    CommandError(["demo", "--out", ""], "--out is empty", "outerloop demo --help"),
  ]

  struct CommandError: Sendable, CustomTestStringConvertible {
    var words: [String]
    var what, hint: String
    var testDescription: String { words.joined(separator: " ") }

    init(clean words: [String], _ what: String, _ hint: String = "outerloop clean --help") {
      self.init(["clean", "--data", "x"] + words, what, hint)
    }

    init(_ words: [String], _ what: String, _ hint: String = "outerloop clean --help") {
      (self.words, self.what, self.hint) = (words, what, hint)
    }
  }

  @Test(arguments: usage)
  func usageErrors(_ failure: CommandError) throws {
    let ending = try tool.run(failure.words)
    #expect(ending.status == 64)
    #expect(ending.out.isEmpty)
    #expect(ending.err == "error: \(failure.what)\n\nhint: \(failure.hint)\n")
    #expect(!tool.has("outerloop-clean"))
  }

  private func failure(_ words: [String]) throws -> String {
    try tool.failure(["clean", "--quiet"] + words)
  }

  @Test func badData() throws {
    #expect(
      try failure(["--data", "nowhere"])
        == "error: nowhere: no such file\n\nhint: check the path\n")
    try tool.makeFolder("empty")
    #expect(try failure(["--data", "empty"]).hasPrefix("error: empty: no data set in this folder"))
    try tool.write("", "zero.csv")
    #expect(try failure(["--data", "zero.csv"]).hasPrefix("error: zero.csv: the file is empty\n"))
    try tool.write("1,2,0\n3,4,1\n", "two.csv")
    #expect(
      try failure(["--data", "two.csv"])
        == "error: two.csv: column 3: every one of the 2 rows has a label of its own, so they are no"
        + " classes\n\nhint: name the column that holds the class (--label)\n")
    try tool.write("1,0\n2,0\n3,0\n4,0\n", "one.csv")
    #expect(try failure(["--data", "one.csv"]).contains("all 4 rows are of class '0'"))
    try SamplePictures.write(30, to: tool.file("cut"))
    let images = tool.file("cut/train-images-idx3-ubyte")
    try #require(FileManager.default.contents(atPath: images)).prefix(500).write(
      to: URL(fileURLWithPath: images))
    #expect(try failure(["--data", "cut"]).contains("the file ends after 484\n\nhint: "))
    #expect(!tool.has("outerloop-clean"))
  }

  @Test func divergence() throws {
    try SamplePictures.write(60, to: tool.file("pictures"))
    let data = ["--data", "pictures", "--steps", "10", "--hyper-steps", "2"]
    let text = try failure(data + ["--rate", "1e300"])
    #expect(
      text == "error: update 1: weights.weights became non-finite at step 1 of 10\n\n"
        + "hint: lower --rate, or check the data for extreme values\n")
  }

  @Test func listsData() throws {
    let cache = ["OUTERLOOP_CACHE": tool.file("cache")]
    let text = try tool.run(["data", "list"], environment: cache).out
    #expect(text.hasPrefix("mnist          70,000 handwritten digits, 28x28, 11.6 MB  not fetched"))
    let rows = try tool.run(["data", "list", "--json"], environment: cache).list
    #expect(rows.count == 2)
    #expect(Set(rows[0].keys) == ["bytes", "folder", "isFetched", "name", "summary"])
  }

  @Test func fetchesFromNowhere() throws {
    let ending = try tool.run(
      ["data", "fetch", "mnist", "--mirror", "not an address", "--into", "there"])
    #expect(ending.status == 1)
    #expect(ending.err.hasPrefix("error: not an address: not a web address\n\nhint: "))
  }

  @Test func demo() throws {
    let ending = try tool.run(["demo"])
    #expect(ending.status == 0)
    #expect(ending.out.hasPrefix("Of the 450 wrong labels "))
    #expect(ending.err.contains("next: outerloop clean --data FOLDER"))
    #expect(ending.out.contains("\n\nThe best of the first ones read 9"))
    for name in ["losses.svg", "weights.svg", "suspicious.svg", "history.svg", "parallel.svg"] {
      #expect(ending.out.contains("outerloop-demo/\(name)"))
      #expect(try tool.text("outerloop-demo/\(name)").contains("</svg>\n"))
    }
    let json = try tool.run(["demo", "--json", "--quiet"])
    #expect(json.err.isEmpty)
    let object = try json.object
    let detection = object["detection"] as? [String: Any]
    #expect((detection?["f1"] as? Double ?? 0) > 0.85)
    let search = object["search"] as? [String: Any]
    #expect(search?["trials"] as? [String: Int] == ["complete": 40])
    let values = (search?["best"] as? [String: Any])?["values"] as? [String: Double]
    #expect(values?["error"] ?? 1 < 0.035)
    let gradients = try #require(object["gradients"] as? [String: Int])
    let (informed, plain) = (gradients["trialsWithGradients"], gradients["trialsWithout"])
    #expect(try #require(informed) < #require(plain))
    // The same search once more, from the start.
    let again = try tool.run(["demo", "--restart"])
    #expect(again.err.contains("trial 39  complete"))
    #expect(again.out == ending.out)
  }
}
