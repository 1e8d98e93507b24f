import OuterloopStudy
import Testing

@testable import OuterloopRunner

/// Commands and their placeholders.
@Suite struct ProgramTests {
  private static let parameters = [
    "lr=log(1e-5, 1e-1)", "opt=choice(sgd, adam)", "m=float(0, 1) if opt == sgd",
  ]

  private func line(_ words: [String], opt: String) throws -> [String] {
    let bench = try Workbench(Self.parameters)
    defer { bench.remove() }
    let request = try bench.request(
      ["lr": 0.01, "opt": .text(opt), "m": 0.9], trial: 7, from: 2, through: 3)
    return try Program(words).words(for: request, checkpoint: "/c")
  }

  @Test func fillsPlaceholders() throws {
    let seed = try Workbench(Self.parameters).specification.seed(ofTrial: 7)
    #expect(
      try line(
        ["p", "{lr}", "--a={opt}-{trial}", "{from}..{to}", "{checkpoint}", "{seed}", "{{x}}"],
        opt: "sgd")
        == ["p", "0.01", "--a=sgd-7", "2..3", "/c", "\(seed)", "{x}"])
  }

  /// What becomes of words whose parameter is inactive.
  @Test(arguments: [
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
  ])
  func leavesInactiveOut(_ words: [String], _ line: [String]) throws {
    #expect(try self.line(words, opt: "adam") == line)
    #expect(try self.line(words, opt: "sgd").count == words.count)
  }

  @Test func namesParametersThatReachNoWord() throws {
    let space = try Workbench(Self.parameters).specification.space
    #expect(try Program(["p", "{lr}"]).check(for: space) == ["opt", "m"])
    #expect(try Program(["p", "{lr}{opt}", "{m}"]).check(for: space) == [])
  }

  @Test(arguments: [
    (["p", "{rate}"], "there is no parameter `rate`; the parameters are lr, opt, m; {trial}"),
    (["p", "--lr={LR}"], "there is no parameter `LR`; did you mean {lr}? Write {{"),
    (["p", "{trail}"], "there is no parameter `trail`; did you mean {trial}? Write {{"),
    (["p", "{"], "a { without }"), (["p", "a}"], "a } without {"),
    (["p", "{}"], "{} names nothing"),
    (["p", "{lr"], "a { without }"), (["p", "{a{b}"], "a { without }"),
    (["sh", "-c", "train {m}"], "it would be left out where `m` is inactive"),
    (["{m}"], "it would be left out where `m` is inactive"),
    ([], "there is no command to run"),
  ])
  func refuses(_ words: [String], _ what: String) throws {
    let space = try Workbench(Self.parameters).specification.space
    let error = try #require(throws: StudyError.self) { try Program(words).check(for: space) }
    #expect(error.description.contains(what))
  }

  @Test func persistentProgramsHaveNoPlaceholders() throws {
    let space = try Workbench(Self.parameters).specification.space
    let error = try #require(throws: StudyError.self) {
      try Program(["p", "{seed}"], isPersistent: true).check(for: space)
    }
    #expect(error.what.contains("`{seed}` in the command of a persistent program"))
    #expect(try Program(["p", "{{"], isPersistent: true).check(for: space) == [])
  }

  @Test func requestsAreJSON() throws {
    let bench = try Workbench(["a=choice('x \"y\"', z)", "n=int(1, 5)", "f=choice(true, false)"])
    defer { bench.remove() }
    let request = try bench.request(
      ["a": "x \"y\"", "n": 3, "f": true], trial: 7, from: 1, through: 3)
    #expect(
      request.json(checkpoint: "/a\\b\n")
        == "{\"study\":\"s\",\"trial\":7,\"params\":{\"a\":\"x \\\"y\\\"\",\"n\":3,\"f\":true},"
        + "\"fromEpoch\":1,\"toEpoch\":3,\"checkpoint\":\"/a\\\\b\\n\","
        + "\"seed\":\(request.seed)}")
  }

  @Test func foldersHoldAnyName() {
    #expect(TrialFolders.fileName("a b/c%d") == "a%20b%2Fc%25d")
    #expect(TrialFolders.fileName("..") == "%2E.")
    #expect(TrialFolders.fileName("größe") == "größe")
  }
}
