import Foundation
import Testing

/// Bounds on results, costs, beliefs, rules to stop by, and results that are there already.
@Suite struct TermCommandTests {
  private let tool = Tool()

  private func json(_ ending: Tool.Ending) throws -> [String: Any] {
    #expect(ending.status == 0, "\(ending.err)")
    return try ending.object
  }

  /// The loss falls with x, and so does what is left of the memory.
  private func tune(_ words: [String], trials: Int = 12) throws -> Tool.Ending {
    try tool.run(
      [
        "tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--sampler", "sobol", "--seed",
        "1",
        "--trials", "\(trials)",
      ] + words + ["--", "sh", "-c", "echo \"{\\\"loss\\\": -$0, \\\"memory\\\": $0}\"", "{x}"])
  }

  /// A program that reports a metric, and what else it is given.
  private func program(_ metric: String, _ value: String, _ others: String...) -> [String] {
    ["--", "sh", "-c", "echo \"{\\\"\(metric)\\\": $0}\"", value] + others
  }

  @Test func theBestKeepsTheBounds() throws {
    let ending = try tune(["--constraint", "memory <= 0.5", "--json"])
    #expect(ending.err.contains("  breaks memory <= 0.5: 0."), "\(ending.err)")
    let best = try #require(try json(ending)["best"] as? [String: Any])
    #expect(best["violation"] as? Double == 0)
    let rows = try tool.trials()
    let memories = rows.compactMap { ($0["values"] as? [String: Double])?["memory"] }
    #expect(memories.count == 12)
    #expect((best["values"] as? [String: Double])?["memory"] == memories.filter { $0 <= 0.5 }.max())
    #expect(memories.contains { $0 > 0.5 })
    #expect(rows.map { ($0["violation"] as? Double ?? -1) > 0 } == memories.map { $0 > 0.5 })
    #expect(try tool.trials(["--best", "99"]).count == memories.count { $0 <= 0.5 })
    #expect(
      try tool.run(["tell", "--params", "x=0.5", "loss=1"]).err.contains(
        "the values say nothing about `memory`"))
    #expect(try tool.run(["plot", "history", "--out", tool.file("pictures")]).status == 0)
    #expect(try tool.text("pictures/history.svg").contains("breaks a constraint"))
  }

  @Test func nothingKeepsThem() throws {
    let ending = try tune(["--constraint", "memory>=2"], trials: 3)
    #expect(ending.status == 0)
    #expect(ending.out.hasPrefix("no trial keeps memory >= 2; trial "))
    #expect(ending.out.contains(" comes closest: memory is 0."))
    let best = try tool.run(["best"])
    #expect(best.status == 1 && best.err.contains("no trial keeps memory >= 2"))
  }

  @Test func aMissingBoundFailsTheTrial() throws {
    let ending = try tune(["--constraint", "size <= 1", "--json"], trials: 2)
    #expect(ending.status == 1)
    #expect(ending.err.contains("its last report has no `size`"), "\(ending.err)")
  }

  @Test func rulesEndAStudy() throws {
    let ending = try json(
      try tune(
        ["--stop-when", "loss <= -0.5", "--stop-when", "plateau:trials=50", "--json"],
        trials: 60))
    #expect(ending["ending"] as? String == "rule")
    let reason = try #require(ending["reason"] as? String)
    #expect(reason.contains("reached the target: `loss` is -0."))
    let count = try #require((ending["trials"] as? [String: Int])?["complete"])
    #expect(count < 10)
    // Nothing more unless more is asked for, and then not for the same reason again.
    let idle = try tool.object(["resume", "--json"])
    #expect(idle["ending"] as? String == "rule" && idle["reason"] as? String == reason)
    let ask = try tool.run(["ask"])
    #expect(
      ask.status == 1 && ask.err.contains(reason) && ask.err.contains("ask --study study --more"))
    let more = try tool.object(["resume", "--more", "3", "--json"])
    #expect(more["ending"] as? String == "budget")
    #expect((more["trials"] as? [String: Int])?["complete"] == count + 3)
  }

  @Test func aPlateauEndsAStudy() throws {
    let ending = try tool.run(
      [
        "tune", "--param", "x=float(0, 1)", "--maximize", "score", "--trials", "40", "--stop-when",
        "plateau:trials=6", "--parallel", "2", "--json",
      ] + program("score", "1", "{x}"))
    let result = try json(ending)
    #expect(result["ending"] as? String == "rule")
    let count = (result["trials"] as? [String: Int])?["complete"] ?? 0
    // The first is better than nothing, six bring no more, and one may have been under way.
    #expect((7...8).contains(count), "\(count)")
    #expect(ending.err.contains("the study ends early: the last"), "\(ending.err)")
  }

  @Test func resultsAreTakenOver() throws {
    _ = try tune(["--study", "old"], trials: 8)
    for (format, file) in [("csv", "a.csv"), ("json", "a.json"), ("jsonl", "a.jsonl")] {
      let out = tool.file(file)
      #expect(
        try tool.run(["export", "--study", "old", "--format", format, "--out", out]).status == 0)
      let ending = try tune(["--study", format, "--start-from", out, "--json"], trials: 2)
      #expect(ending.err.contains("8 results taken over"), "\(ending.err)")
      #expect((try json(ending)["trials"] as? [String: Int])?["complete"] == 10)
    }
    // From a study; what lies outside is left out, what lacks a value is tried anew.
    let ending = try tool.run(
      [
        "tune", "--study", "new", "--start-from", "old", "--param", "x=float(0, 0.6)", "--param",
        "y=int(1, 3)", "--minimize", "loss", "--trials", "5",
      ] + program("loss", "{y}", "{x}"))
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.err.contains("trials of old are left out: parameter `x` cannot be 0."))
    #expect(ending.err.contains("5 configurations to try first") || ending.err.contains("4 config"))
    let none = try tune(["--study", "none", "--start-from", tool.file("none")])
    #expect(none.status == 64 && none.err.contains("cannot be read"))
    #expect(try !tool.run(["studies"]).out.contains("none"))
  }

  @Test func aModelStartsFromAnotherStudy() throws {
    _ = try tune(["--study", "old"], trials: 12)
    let words = [
      "tune", "--study", "new", "--param", "x=float(0, 2)", "--param", "y=int(1, 3)", "--minimize",
      "loss", "--sampler", "gp", "--trials", "8", "--seed", "1",
    ]
    let program = program("loss", "{y}", "{x}")
    let ending = try tool.run(words + ["--warm-start", "old"] + program)
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.err.contains("5 configurations to try first"), "\(ending.err)")
    let best = try tool.trials(["--study", "old", "--best", "1"])
    let x = try #require((best.first?["params"] as? [String: Double])?["x"])
    #expect(ending.err.contains("trial 0  complete") && ending.err.contains("x=\(x)".prefix(7)))
    let none = try tool.run(
      [
        "tune", "--study", "none", "--param", "z=float(0, 2)", "--minimize", "loss", "--warm-start",
        "old",
      ] + program)
    #expect(none.status == 64 && none.err.contains("no complete trial of it has a parameter"))
    let missing = try tool.run(words + ["--study", "m", "--warm-start", "nowhere"] + program)
    #expect(missing.status == 64 && missing.err.contains("--warm-start nowhere"))
  }

  @Test func aModelIsAsked() throws {
    _ = try tune([], trials: 12)
    let asked = try tool.run(["predict", "x=0.25", "{\"x\": 0.75}", "--check", "--json"])
    let record = try asked.object
    #expect(record["objective"] as? String == "loss" && record["trials"] as? Int == 12)
    let rows = try #require(record["predictions"] as? [[String: Any]])
    for (row, x) in zip(rows, [0.25, 0.75]) {
      // The loss is -x.
      #expect(abs((row["median"] as? Double ?? 9) + x) < 0.05, "\(row)")
      #expect((row["params"] as? [String: Double])?["x"] == x)
    }
    #expect((record["checks"] as? [Any])?.count == 12)
    #expect(record["correlation"] as? Double ?? 0 > 0.9)
    let text = try tool.run(["predict", "x=0.25", "--check"])
    #expect(text.out.contains("12 trials, each predicted from the others"), "\(text.out)")
    #expect(try tool.run(["importance", "--method", "model"]).out.contains("x"))
    for (words, what) in [
      (["x=2"], "cannot be 2"), (["y=2"], "there is no parameter `y`"), ([], "nothing to predict"),
      (["x=0.1", "--objective", "size"], "has no objective `size`"),
    ] {
      let wrong = try tool.run(["predict"] + words)
      #expect(wrong.status == 64 && wrong.err.contains(what), "\(wrong.err)")
    }
    _ = try tune(["--study", "few"], trials: 2)
    let few = try tool.run(["predict", "--study", "few", "x=0.1"])
    #expect(few.status == 1 && few.err.contains("a model needs 5 trials"), "\(few.err)")
  }

  @Test func hintsAreKept() throws {
    let words =
      [
        "tune", "--param", "x=float(0, 1)", "--param", "rate=log(1e-4, 1)", "--param",
        "kind=choice(a, b)", "--minimize", "loss", "--sampler", "tpe", "--trials", "1", "--prior",
        "rate=0.01+-2x, kind=b",
      ] + program("loss", "{x}", "{rate}", "{kind}")
    #expect(try tool.run(words).status == 0)
    let hint = try tool.object(["hint", "x=0.2±0.1", "--json"])
    #expect(hint["hints"] as? [String] == ["x=0.2±0.1"])
    #expect(try tool.run(["resume", "--more", "2"]).status == 0)
    for (text, what) in [
      ("y=1", "prior of `y`: there is no such parameter"), ("x=2", "prior of `x`: it cannot be 2"),
      ("x=0.5±3x", "its scale is not logarithmic"), ("rate=0.1±3", "its scale is logarithmic"),
      ("rate=0.1±1x", "`1x` is not a spread"), ("kind=a±1", "choices have no spread"),
    ] {
      let wrong = try tool.run(["hint", text])
      #expect(wrong.status == 64 && wrong.err.contains(what), "\(wrong.err)")
    }
  }

  @Test(arguments: [
    (["--constraint", "memory < 8"], "has the sign `<`"),
    (["--constraint", "memory <= much"], "which is not a number"),
    (["--constraint", "8"], "is not a bound on a metric"),
    (["--constraint", "seconds <= 8"], "so it cannot be bounded"),
    (["--stop-when", "loss >= 1"], "is to be made small"),
    (["--stop-when", "memory <= 1"], "`memory` is not an objective"),
    (["--stop-when", "plateu"], "did you mean `plateau`?"),
    (["--stop-when", "plateau:trials=0"], "it is a whole number from 1"),
    (["--per-second"], "does not weigh costs"), (["--prior", "x=0.5"], "does not use --prior"),
  ])
  func wrongUsageChangesNothing(_ words: [String], _ what: String) throws {
    let ending = try tune(words)
    #expect(ending.status == 64, "\(ending.err)")
    #expect(ending.err.contains(what), "\(ending.err)")
    #expect(tool.names("").isEmpty || !tool.names("").contains("outerloop.db"))
  }
}
