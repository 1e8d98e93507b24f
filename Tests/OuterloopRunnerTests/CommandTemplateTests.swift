import Foundation
import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopRunner

/// Commands and their placeholders.
@Suite struct CommandTemplateTests {
  private static let parameters = [
    "lr=log(1e-5, 1e-1)", "opt=choice(sgd, adam)", "m=float(0, 1) if opt == sgd",
    "amp=choice(true, false)", "use_ema=choice(true, false) if opt == sgd", "x=float(-1, 1)",
    "level=choice('--fast', '--slow') if opt == sgd", "extra=choice('', '--extra')",
  ]

  private func space(_ parameters: [String] = parameters) throws -> SearchSpace {
    try SearchSpace(parameters.map { try ParameterDeclaration(parsing: $0) })
  }

  private func line(
    _ words: [String], opt: String = "sgd", _ values: [String: ParameterValue] = [:],
    change: (inout Program) -> Void = { _ in }
  ) throws -> [String] {
    let bench = try Workbench(Self.parameters)
    var all: [String: ParameterValue] = [
      "lr": 0.01, "opt": .text(opt), "m": 0.9, "amp": true, "use_ema": true, "x": 0.5,
      "level": "--fast", "extra": "--extra",
    ]
    all.merge(values) { $1 }
    var request = try bench.request(all, trial: 7, from: 2, through: 3)
    request.slot = 5
    var program = Program(words)
    change(&program)
    return try CommandTemplate(program, for: space()).words(for: request, checkpoint: "/c")
  }

  @Test func fillsPlaceholders() throws {
    let seed = try Workbench(Self.parameters).specification.seed(ofTrial: 7)
    #expect(
      try line(["p", "{lr}", "--a={opt}-{trial}", "{from}..{to}", "{checkpoint}", "{seed}/{slot}"])
        == ["p", "0.01", "--a=sgd-7", "2..3", "/c", "\(seed)/5"])
  }

  private static let braces: [(String, String)] = [
    ("echo \"{\\\"loss\\\": {lr}}\"", "echo \"{\\\"loss\\\": 0.01}\""),
    ("{\"a\": {\"b\": {lr}}}", "{\"a\": {\"b\": 0.01}}"),
    ("{\"a\": {}, \"b\": [{lr}, {lr}]}", "{\"a\": {}, \"b\": [0.01, 0.01]}"),
    ("{'loss': {lr}}", "{'loss': 0.01}"), ("print({'loss': {lr}})", "print({'loss': 0.01})"),
    ("{print $1}", "{print $1}"),
    (
      "BEGIN { x = {lr}; if (x) { print } }",
      "BEGIN { x = 0.01; if (x) { print } }"
    ),
    ("${HOME}/{lr}", "${HOME}/0.01"), ("${lrr}", "${lrr}"),
    ("${#a[@]} ${a%.*}", "${#a[@]} ${a%.*}"),
    ("f() { train; }; f", "f() { train; }; f"), ("{}", "{}"), ("{", "{"), ("}", "}"),
    ("a}b{c", "a}b{c"),
    ("{lr", "{lr"), ("lr}", "lr}"), ("{a{lr}b}", "{a0.01b}"), ("{1,2}", "{1,2}"), ("x{2}", "x{2}"),
    ("{rate}", "{rate}"), ("{ lr }", "{ lr }"), ("{lr!r}", "{lr!r}"), ("{--other}", "{--other}"),
    ("{{lr}}", "{lr}"), ("{{{lr}}}", "{0.01}"), ("{{{{lr}}}}", "{{lr}}"), ("{{lr}", "{0.01"),
    ("{{trial}}", "{trial}"), ("{{--amp}}", "{--amp}"), ("{{amp?x}}", "{amp?x}"),
    ("${{lr}}", "${lr}"),
    ("{{rate}}", "{{rate}}"), ("{{", "{{"), ("}}", "}}"), ("{{LR}}", "{LR}"), ("a{{b", "a{{b"),
    ("{{\"loss\": {lr}}}", "{{\"loss\": 0.01}}"), ("größe={lr}€{", "größe=0.01€{"),
  ]

  /// Braces that enclose no known name are the user's own.
  @Test(arguments: braces.indices) func keepsOtherBraces(_ index: Int) throws {
    let (word, text) = Self.braces[index]
    #expect(try line(["p", word]) == ["p", text])
  }

  /// A study keeps the rule by which its command was written: before, each plain brace was doubled.
  @Test func olderStudies() throws {
    let old = "{\"words\":[\"p\",\"{{\\\"loss\\\": {lr}}}\",\"{{x}}\"],\"isPersistent\":false}"
    let program = try JSONDecoder().decode(Program.self, from: Data(old.utf8))
    #expect(program.doublesBraces)
    #expect(
      try line(program.words) { $0 = program } == ["p", "{\"loss\": 0.01}", "{x}"])
    let again = try JSONDecoder().decode(Program.self, from: JSONEncoder().encode(program))
    #expect(again == program)
    let new = Program(["p", "{{x}}"], directory: "/d", isPersistent: true)
    #expect(try JSONDecoder().decode(Program.self, from: JSONEncoder().encode(new)) == new)
    #expect(!program.with(words: ["p"], directory: nil).doublesBraces)
  }

  private static let inactive: [([String], [String])] = [
    (["p", "--m", "{m}", "x"], ["p", "x"]),
    (["p", "-m", "{m}"], ["p"]),
    (["p", "--m={m}", "x"], ["p", "x"]),
    (["p", "-m", "m={m}"], ["p", "-m"]),
    (["p", "in", "{m}"], ["p", "in"]),
    (["p", "--lr={lr}", "{m}"], ["p", "--lr=0.01"]),
    (["p", "--", "{m}"], ["p", "--"]),
    (["p", "-1", "{m}"], ["p", "-1"]),
    (["p", "--pair", "{m},{lr}", "--n", "{m}"], ["p"]),
    (["p", "--a", "--m", "{m}"], ["p", "--a"]),
    // Flags take nothing with them.
    (["p", "--deterministic", "{level}", "x"], ["p", "--deterministic", "x"]),
    (["p", "--deterministic", "{use_ema?--ema}"], ["p", "--deterministic"]),
    (["p", "--deterministic", "{--use-ema}"], ["p", "--deterministic"]),
  ]

  /// What becomes of words whose parameter is inactive.
  @Test(arguments: inactive.indices) func leavesInactiveOut(_ index: Int) throws {
    let (words, line) = Self.inactive[index]
    #expect(try self.line(words, opt: "adam") == line)
    #expect(try self.line(words, opt: "sgd").count == words.count)
  }

  @Test func flags() throws {
    let words = [
      "p", "--deterministic", "{--amp}", "--v", "{amp?--mixed=yes}", "{extra}", "{--use-ema}",
      "run {--amp} {lr}", "-j{amp?4}",
    ]
    #expect(
      try line(words) == [
        "p", "--deterministic", "--amp", "--v", "--mixed=yes", "--extra", "--use-ema",
        "run --amp 0.01", "-j4",
      ])
    #expect(
      try line(words, opt: "adam", ["amp": false, "extra": ""])
        == ["p", "--deterministic", "--v", "run  0.01", "-j"])
  }

  private static let numbers: [(Double, String)] = [
    (-7.6e-05, "-0.000076"), (-1e-300, "-0." + String(repeating: "0", count: 299) + "1"),
    (-0.5, "-0.5"), (-1e20, "-100000000000000000000.0"), (-1.25e16, "-12500000000000000.0"),
    (-1.2345678901234568e-5, "-0.000012345678901234568"), (-0.0, "-0.0"), (1e-5, "1e-05"),
    (-.leastNonzeroMagnitude, "-0." + String(repeating: "0", count: 323) + "5"),
  ]

  /// Python's argparse takes -7.6e-05 for an option.
  @Test(arguments: numbers.indices) func numbersAsWords(_ index: Int) {
    let (value, word) = Self.numbers[index]
    #expect(ParameterValue.float(value).word == word)
    #expect(Double(word) == value)
  }

  private static let refusals: [([String], String)] = [
    (
      ["p", "--lr={LR}"],
      "there is no parameter `LR`; did you mean {lr}? The text itself is written {{LR}}"
    ),
    (["p", "{lrr}"], "there is no parameter `lrr`; did you mean {lr}?"),
    (["p", "{trail}"], "there is no parameter `trail`; did you mean {trial}?"),
    (["p", "{Slot}"], "there is no parameter `Slot`; did you mean {slot}?"),
    (["p", "{--use-em}"], "there is no parameter `use-em`; did you mean {use_ema?--use-em}?"),
    (["p", "{amq?--amp}"], "there is no parameter `amq`; did you mean {amp?--amp}?"),
    (["p", "{--lr}"], "`lr` is neither true nor false, so it makes no flag"),
    (["sh", "-c", "train {m}"], "it would be left out where `m` is inactive"),
    (["{m}"], "it would be left out where `m` is inactive"),
    ([], "there is no command to run"),
  ]

  @Test(arguments: refusals.indices) func refuses(_ index: Int) throws {
    let (words, what) = Self.refusals[index]
    let error = try #require(throws: StudyError.self) {
      try CommandTemplate(Program(words), for: space())
    }
    #expect(error.description.contains(what), "\(error)")
  }

  private static let warnings: [([String], String)] = [
    (["p", "{x}"], "{a} is in no word of the command; the program has to read the file"),
    (["p", "{x}{a}", "{rate}"], "there is no parameter `rate`: {rate} is passed on as it is"),
    (["sh", "-c", "echo ${x} {a}"], "${x} is a dollar sign and the value of x"),
    (
      ["sh", "-c", "echo {x} {a}"],
      "{a} is part of a shell command, which splits choices such as \"x y\""
    ),
    (
      ["/bin/bash", "-e", "-lc", "echo '{a}' {x}"],
      "sh -c '... \"$1\"' sh {a}; or read the file named"
    ),
  ]

  @Test(arguments: warnings.indices) func warns(_ index: Int) throws {
    let (words, what) = Self.warnings[index]
    let space = try space(["x=float(0, 1)", "a=choice(plain, 'x y', '$(rm)')"])
    let warnings = try CommandTemplate(Program(words), for: space).warnings
    #expect(warnings.contains { $0.hasPrefix(what) || $0.contains(what) }, "\(warnings)")
  }

  @Test func warnsOfNothingElse() throws {
    let space = try space(["x=float(-1, 1)", "a=choice(plain, relu-6, 'a/b.c')", "n=choice(1, -2)"])
    for words in [
      ["p", "{x}", "{a}{n}"], ["sh", "-c", "echo {x} {a} {n} ${HOME} { rate }"],
      ["sh", "-c", "echo \"$1\" {x}{n}", "sh", "{a}"],
      ["python3", "-c", "print({'loss': {x}})", "{a}{n}"],
    ] {
      #expect(try CommandTemplate(Program(words), for: space).warnings == [])
    }
  }

  @Test func persistentProgramsKnowOnlyTheirPlace() throws {
    for word in ["{seed}", "{lr}", "{--amp}"] {
      let error = try #require(throws: StudyError.self) {
        try CommandTemplate(Program(["p", word], isPersistent: true), for: space())
      }
      #expect(error.what.contains("`\(word)` in the command of a persistent program"))
    }
    let program = Program(["env", "GPU={slot}", "p", "{", "{{lr}}", "{x:1}"], isPersistent: true)
    let template = try CommandTemplate(program, for: space())
    #expect(template.words(slot: 3) == ["env", "GPU=3", "p", "{", "{lr}", "{x:1}"])
    #expect(template.warnings == [])
  }

  @Test func requestsAreJSON() throws {
    let bench = try Workbench(["a=choice('x \"y\"', z)", "n=int(1, 5)", "f=choice(true, false)"])
    var request = try bench.request(
      ["a": "x \"y\"", "n": 3, "f": true], trial: 7, from: 1, through: 3)
    request.slot = 2
    let text =
      "{\"study\":\"s\",\"trial\":7,\"params\":{\"a\":\"x \\\"y\\\"\",\"n\":3,\"f\":true},"
      + "\"fromEpoch\":1,\"toEpoch\":3,\"checkpoint\":\"/a\\\\b\\n\","
      + "\"seed\":\(request.seed),\"slot\":2"
    #expect(request.json(checkpoint: "/a\\b\n") == text + "}")
    #expect(request.json(checkpoint: "/a\\b\n", id: "7-1") == text + ",\"id\":\"7-1\"}")
  }

  @Test func foldersHoldAnyName() {
    #expect(TrialFolders.fileName("a b/c%d") == "a%20b%2Fc%25d")
    #expect(TrialFolders.fileName("..") == "%2E.")
    #expect(TrialFolders.fileName("größe") == "größe")
  }
}
