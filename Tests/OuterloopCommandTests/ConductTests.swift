import Foundation
import Testing

/// How studies go on: budgets, hints, waiting, and what people change on the way.
@Suite(.serialized) struct ConductTests {
  private let tool = Tool()

  private static let study = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]
  private static let echo = ["--", "sh", "-c", "\(report) \"$0\"", "{trial}"]
  /// Prints its argument as the loss.
  private static let report = #"printf '\173"loss": %s\175\n'"#

  /// Runs the last command of this kind that a text shows, as a shell reads it.
  private func follow(_ text: String, _ kind: String) throws -> Tool.Ending {
    let start = try #require(text.range(of: "outerloop \(kind)", options: .backwards), "\(text)")
    let line = text[start.lowerBound...].prefix { $0 != "\n" }
    let command = line.components(separatedBy: ", or --").first?.components(separatedBy: "; ").first
    return try tool.run(script: command ?? "false")
  }

  // MARK: Budgets

  /// After ten trials five more are asked for as if the number were not a total.
  @Test func totalsBelowWhatIsDone() throws {
    #expect(try tool.run(["tune", "--trials", "10", "-q"] + Self.study + Self.echo).status == 0)
    let ending = try tool.run(["resume", "--trials", "5", "--no-progress"])
    #expect(ending.status == 0)
    #expect(
      ending.err.contains(
        "10 trials are done, the total is 5: nothing to run; for 5 more: outerloop resume --study "
          + "study --trials 15, or --more 5\n"), "\(ending.err)")
    #expect(ending.err.hasSuffix("more trials: outerloop resume --study study --trials 15\n"))
    #expect(try follow(ending.err, "resume").status == 0)
    #expect(try tool.trials().count == 15)
    #expect(try tool.run(["resume", "--more", "2"]).status == 0)
    #expect(try tool.trials().count == 17)
    let both = try tool.run(["resume", "--more", "2", "--trials", "30"])
    #expect(both.status == 64 && both.err.contains("--trials is a total and --more adds to it"))
    #expect(try tool.run(["resume", "--more", "0"]).status == 64)
    #expect(try tool.run(["ask", "--more", "3"]).out.hasPrefix("trial 17\n"))
  }

  static let spent: [(start: [String], again: [String])] = [
    (["--trials", "2"], []), (["--trials", "2"], ["--trials", "1"]),
    (["--trials", "2"], ["--trials", "9", "--total-epochs", "1"]),
    (["--trials", "2", "--total-epochs", "2"], []),
    (["--total-epochs", "2"], ["--trials", "1", "--timeout", "0.001"]),
    (["--trials", "2", "--store", "a b's.db", "--study", "it's $HOME"], []),
    (["--trials", "9223372036854775807", "--total-epochs", "2"], []),
  ]

  /// Whatever part of the budget is spent: the command that is shown at the end runs further trials.
  @Test(arguments: spent) func hintsRunTrials(_ start: [String], _ again: [String]) throws {
    let place = start.firstIndex(of: "--store").map { Array(start[$0...]) } ?? []
    var ending = try tool.run(["tune"] + start + Self.study + Self.echo)
    #expect(ending.status == 0, "\(ending.err)")
    if !again.isEmpty { ending = try tool.run(["resume"] + again + place) }
    let before = try tool.trials(place).count
    let followed = try follow(ending.err, "resume")
    #expect(followed.status == 0, "\(followed.err)")
    #expect(try tool.trials(place).count > before, "\(ending.err)")
  }

  /// A larger budget is not offered where there is nothing left to try.
  @Test func exhaustedWithinTheBudget() throws {
    let few = ["tune", "--param", "x=int(1, 3)", "--minimize", "loss", "--trials", "3"] + Self.echo
    let ending = try tool.run(few)
    #expect(ending.status == 0)
    #expect(
      ending.err.hasSuffix(
        "every configuration has been tried; pictures: outerloop plot --study study\n"))
    let ask = try tool.run(["ask"])
    #expect(ask.status == 1)
    #expect(ask.err.contains("every configuration of study `study` has been tried\n\nhint: "))
  }

  // MARK: No result

  static let fruitless: [(name: String, words: [String], text: String)] = [
    (
      "grid", ["--sampler", "grid", "--forbid", "x >= 0"] + study + echo,
      "the constraints forbid all of the grid"
    ),
    ("none", ["--trials", "0"] + study + echo, "no trial is complete: the budget allows none"),
    (
      "failed", ["--trials", "2"] + study + ["--", "sh", "-c", "echo no >&2; exit 3"],
      "no trial is complete; the last failure: "
    ),
    (
      "late", ["--timeout", "0.3s"] + study + ["--", "sleep", "5"],
      "no trial is complete: the time was up"
    ),
  ]

  /// Without a complete trial the status is 1 and the reason is told, whoever runs the study.
  @Test(arguments: fruitless)
  func noResult(_ name: String, _ words: [String], _ text: String) throws {
    let ending = try tool.run(["tune"] + words)
    #expect(ending.status == 1, "\(ending.err)")
    #expect(ending.err.contains(text) && ending.err.contains("\n\nhint: "), "\(ending.err)")
    guard tool.has("outerloop.db") else { return }
    for again in ["resume", "worker"] {
      let ending = try tool.run([again])
      #expect(ending.status == 1, "\(again): \(ending.err)")
      #expect(ending.err.contains(text), "\(again): \(ending.err)")
    }
  }

  // MARK: Waiting

  /// A trial that was asked for and forgotten: who has nothing else to do says for what it waits, and
  /// the command that is shown ends that.
  @Test(arguments: ["resume", "worker"]) func saysForWhomItWaits(_ command: String) throws {
    #expect(try tool.run(["tune", "--trials", "1"] + Self.study + Self.echo).status == 0)
    let ask = try tool.run(["ask", "--trials", "3", "--worker", "me & you"])
    #expect(ask.out.hasPrefix("trial 1\n"))
    let running = try tool.start([command])
    running.wait { running.errorText.contains("waiting for") }
    let text = running.errorText
    #expect(text.contains("waiting for trial 1, which `me & you` holds until "), "\(text)")
    let freed = try follow(text, "tell")
    #expect(freed.status == 0 && freed.out == "trial 1 failed\n", "\(freed.err)")
    #expect(try running.end().status == 0)
    #expect(running.errorText.components(separatedBy: "waiting for").count == 2)
    #expect(try tool.states() == ["complete", "failed", "complete"])
  }

  /// Two of them share a study and its budget, say so, and do all of it once; a total below what is there begins
  /// nothing.
  @Test func twoAtOnce() throws {
    let slow = ["--", "sh", "-c", "sleep 0.8; \(Self.report) 1"]
    let first = try tool.start(["tune", "--trials", "8"] + Self.study + slow)
    first.wait { first.errorText.contains("trial 0  complete") }
    let second = try tool.start(["resume", "--trials", "20"])
    second.wait { second.errorText.contains(" trials of it too\n") }
    first.wait { first.errorText.contains("the budget is now: 20 trials\n") }
    let low = try tool.run(["resume", "--trials", "2"])
    #expect(low.status == 0 && low.err.contains("the total is 2: no other is begun"), "\(low.err)")
    let endings = try [first, second].map { try $0.end() }
    #expect(endings.map(\.status) == [0, 0], "\(endings.map(\.err))")
    let states = try tool.states()
    #expect(states.count < 20 && states.allSatisfy { $0 == "complete" }, "\(states)")
    #expect(try tool.trials().allSatisfy { $0["attempts"] as? Int == 1 })
  }

  // MARK: Retries

  private static let flaky = [
    "--", "sh", "-c", "test -e fixed || test $(({trial} % 2)) = 0 || exit 3; \(report) 1",
  ]

  @Test func retriesFailedTrials() throws {
    #expect(try tool.run(["tune", "--trials", "4"] + Self.study + Self.flaky).status == 0)
    #expect(try tool.states() == ["complete", "failed", "complete", "failed"])
    for (words, text) in [
      (["--trial", "0"], "trial 0 is complete: only failed trials are run again"),
      (["--trial", "9"], "study `study` has no trial 9"),
      (["--trial", "-1"], "study `study` has no trial -1"),
      (["--reason", "timeout"], "study `study` has no failed trial (timeout)"),
      (["--trial", "1", "--trial", "2"], "trial 2 is complete"),
    ] {
      let ending = try tool.run(["retry"] + words)
      #expect(ending.status == 1 && ending.err.contains("error: \(text)"), "\(ending.err)")
      #expect(try tool.states() == ["complete", "failed", "complete", "failed"])
    }
    #expect(try tool.run(["retry"]).status == 64)
    #expect(try tool.run(["retry", "--reason", "magic"]).status == 64)
    try tool.write("", "fixed")
    let before = try tool.trials()
    let one = try tool.run(["retry", "--trial", "1"])
    #expect(one.status == 0, "\(one.err)")
    #expect(one.err.contains("trial 1 waits to be run again\n"))
    #expect(try tool.states() == ["complete", "complete", "complete", "failed"])
    let rest = try tool.object(["retry", "--failed", "--json"])
    #expect(rest["retried"] as? [Int] == [3] && rest["ending"] as? String == "budget")
    let after = try tool.trials()
    #expect(after.allSatisfy { $0["state"] as? String == "complete" })
    #expect(after.map { $0["attempts"] as? Int } == [1, 2, 1, 2])
    #expect(
      after.map { $0["params"] as? [String: Double] }
        == before.map { $0["params"] as? [String: Double] })
    let none = try tool.run(["retry", "--failed"])
    #expect(none.status == 1 && none.err.contains("has no failed trial\n"))
  }

  /// Where someone runs the study they run them; where nobody does they wait.
  @Test func retriesBesideOthers() throws {
    let slow = [
      "--", "sh", "-c",
      "sleep 0.5; test -e fixed || test {trial} != 0 || exit 3; \(Self.report) 1",
    ]
    let running = try tool.start(["tune", "--trials", "6"] + Self.study + slow)
    running.wait { running.errorText.contains("trial 1  complete") }
    try tool.write("", "fixed")
    let ending = try tool.run(["retry", "--failed"])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.err.contains(" is running the study, and continues it\n"), "\(ending.err)")
    #expect(try running.end().status == 0)
    #expect(try tool.states() == Array(repeating: "complete", count: 6))
    #expect(try tool.trials().first?["attempts"] as? Int == 2)

    #expect(try tool.run(["ask", "--study", "hand"] + Self.study).status == 0)
    let hand = ["--study", "hand"]
    #expect(try tool.run(["tell", "--trial", "0", "--failed"] + hand).status == 0)
    let told = try tool.run(["tell", "--trial", "0", "loss=1"] + hand)
    #expect(told.status == 1 && told.err.contains("trial 0 has failed (error)"))
    let retry = try follow(told.err, "retry")
    #expect(retry.status == 0 && retry.err.contains("next: outerloop ask --study hand\n"))
    #expect(try follow(retry.err, "ask").out.hasPrefix("trial 0\n"))
  }

  // MARK: What is known

  @Test func addsConfigurations() throws {
    let space = [
      "--param", "lr=log(1e-4, 1)", "--param", "opt=choice(sgd, adam, 'a, b')",
      "--param", "m=float(0, 1) if opt == sgd", "--forbid", "lr > 0.5 and opt == sgd",
      "--minimize", "loss", "--seed", "1",
    ]
    let first = try tool.run(
      ["tune", "--trials", "3", "--add", "lr=0.01, opt=adam", "--add", "opt='a, b'"] + space
        + Self.echo)
    #expect(first.status == 0, "\(first.err)")
    var params = try tool.trials().compactMap { $0["params"] as? [String: Any] }
    #expect(params.count == 3)
    #expect(params[0]["lr"] as? Double == 0.01 && params[0]["opt"] as? String == "adam")
    #expect(params[1]["opt"] as? String == "a, b" && params[1]["lr"] is Double)
    // Beyond the total: trials that are added are run, and no other.
    let more = try tool.run(["resume", "--add", "{\"lr\": 0.1, \"opt\": \"sgd\"}"])
    #expect(more.status == 0, "\(more.err)")
    let added = try tool.object(["add", "--json", "lr=0.2,opt=adam,m=0.5", "lr=0.3"])
    #expect((added["trials"] as? [[String: Any]])?.map { $0["number"] as? Int } == [4, 5])
    #expect(try tool.states().suffix(2) == ["waiting", "waiting"])
    let text = try tool.run(["add", "lr=0.4"])
    #expect(text.out.hasPrefix("trial 6 waits  lr=0.4 opt="))
    #expect(try follow(text.err, "resume").status == 0)
    params = try tool.trials().compactMap { $0["params"] as? [String: Any] }
    #expect(params.count == 7 && params[3]["m"] is Double && params[4]["m"] == nil)
    #expect(try tool.states() == Array(repeating: "complete", count: 7))
    for (configuration, text) in [
      ("lt=0.1", "there is no parameter `lt`\n\nhint: did you mean `lr`?"),
      ("lr=7", "parameter `lr` cannot be 7"), ("lr", "`lr` has no value"),
      ("lr=0.1 opt=adam", "`lr=0.1 opt=adam` holds two `=`"), ("", "the configuration is empty"),
      ("lr=0.1, lr=0.2", "`lr` has two values"), ("{\"lr\": [1]}", "it is not a JSON object"),
      ("lr=0.9, opt=sgd, m=0.1", "is forbidden by `lr > 0.5"),
      ("lr=0.9, opt=sgd", "forbid"), ("opt='a", "does not end"),
    ] {
      for words in [["add"], ["resume", "--add"]] {
        let ending = try tool.run(words + [configuration])
        #expect(ending.status == 64, "\(configuration): \(ending.err)")
        #expect(ending.err.contains(text), "\(ending.err)")
      }
    }
    #expect(try tool.trials().count == 7)
  }

  @Test func takesOverResults() throws {
    let space = ["--param", "lr=log(1e-4, 1)", "--param", "opt=choice(sgd, adam)"]
    let ask = try tool.run(["ask", "--minimize", "loss", "--seed", "1"] + space)
    #expect(ask.status == 0)
    let unknown = try tool.run(["tell", "--trial", "5", "loss=0.1"])
    #expect(unknown.status == 1)
    #expect(
      unknown.err.contains(
        "study `study` has no trial 5: it has trial 0\n\nhint: a result from elsewhere: outerloop "
          + "tell --study study --params 'lr=..., opt=...' loss=NUMBER"), "\(unknown.err)")
    let told = try tool.object(
      ["tell", "--json", "--params", "lr=0.1, opt=adam", "loss=0.25", "accuracy=0.9"])
    #expect(told["trial"] as? Int == 1)
    let failed = try tool.run(
      ["tell", "--params", "lr=0.2, opt=sgd", "--failed", "--message", "no"])
    #expect(failed.out == "trial 2 failed\n")
    let rows = try tool.trials()
    #expect(rows.map { $0["state"] as? String } == ["running", "complete", "failed"])
    #expect(rows[1]["values"] as? [String: Double] == ["loss": 0.25, "accuracy": 0.9])
    #expect(try tool.run(["best"]).out.hasPrefix("loss 0.25"))
    for (words, text) in [
      (["--params", "lr=0.1", "loss=1"], "parameter `opt` has no value"),
      (
        ["--params", "lr=0.1, opt=adam", "los=1"],
        "only about `los`\n\nhint: did you mean loss=1.0?"
      ),
      (["--params", "lr=0.1, opt=adam"], "there is nothing to tell"),
      (["--params", "lr=0.1, opt=adam", "--trial", "0", "loss=1"], "exclude each other"),
      (["loss=1"], "name the trial: --trial 7, or --params"),
      (["--trial", "0", "loss=low"], "'loss=low' is not METRIC=NUMBER"),
      (["--trial", "0", "loss=0x10"], "'loss=0x10' is not METRIC=NUMBER"),
      (["--trial", "0", "loss=1", "loss=2"], "'loss' has two values"),
      (["--trial", "0", "loss=1", "epoch=2"], "'epoch' is no metric: write --epoch N"),
      (["--trial", "0", "accuracy=1"], "the values say nothing about `loss`"),
    ] {
      let ending = try tool.run(["tell"] + words)
      #expect(ending.status == 64 && ending.err.contains(text), "\(words): \(ending.err)")
    }
    #expect(try tool.trials().count == 3)
    let again = try tool.run(["tell", "--trial", "1", "loss=3"])
    #expect(again.status == 1 && again.err.contains("trial 1 is complete already"))
    let other = try tool.run(["tell", "--trial", "0", "--attempt", "3", "--failed"])
    #expect(other.status == 1 && other.err.contains("you told of attempt 3"), "\(other.err)")
  }

  @Test func extendsSpaces() throws {
    func space(_ lr: String, _ opt: String) -> [String] {
      ["--param", "lr=\(lr)", "--param", "opt=\(opt)", "--minimize", "loss"]
    }
    let narrow = space("log(1e-4, 1e-2)", "choice(sgd, adam)")
    #expect(
      try tool.run(["tune", "--trials", "4", "--seed", "1"] + narrow + Self.echo).status == 0)
    let before = try tool.trials()
    let wide = space("log(1e-5, 1)", "choice(sgd, adam, lion)")
    let ask = try tool.run(["ask", "--study", "study"] + wide)
    #expect(ask.status == 1 && ask.err.contains("has a study `study` with another space"))
    for (words, text) in [
      (["lr=log(1e-3, 1)"], "parameter `lr`: float(0.001, 1.0, log) lacks 0.0001"),
      (["opt=choice(sgd, lion)"], "parameter `opt`: choice(sgd, lion) lacks adam"),
      (["momentum=float(0, 1)"], "there is no parameter `momentum`"),
      (["lr=log(1e-4, 1e-2)"], "has these domains already"),
      (["lr=log(1e-5, 1) if opt == adam"], "another condition"),
      (["lr=log(1e-5"], "is not KIND(...)"),
    ] {
      let ending = try tool.run(["extend"] + words.flatMap { ["--param", $0] })
      #expect(ending.status == 64 && ending.err.contains(text), "\(ending.err)")
    }
    // The command that is shown does it.
    let extended = try follow(ask.err, "extend")
    #expect(extended.status == 0, "\(extended.err)")
    #expect(extended.out == "lr=float(1e-05, 1.0, log)\nopt=choice(sgd, adam, lion)\n")
    #expect(try follow(extended.err, "resume").status == 0)
    #expect(try tool.run(["resume", "--trials", "40", "-q"]).status == 0)
    let after = try tool.trials()
    #expect(after.count == 40)
    for (old, new) in zip(before, after) {
      #expect(
        (old["params"] as? [String: Any])?["lr"] as? Double
          == (new["params"] as? [String: Any])?["lr"] as? Double)
    }
    let params = after.dropFirst(4).compactMap { $0["params"] as? [String: Any] }
    #expect(params.contains { $0["opt"] as? String == "lion" })
    #expect(params.contains { ($0["lr"] as? Double).map { $0 < 1e-4 || $0 > 1e-2 } == true })
    let copy = try tool.run(["export", "--format", "optuna", "--out", "o.db"])
    #expect(copy.status == 0, "\(copy.err)")
    #expect(try tool.run(["import", "o.db", "--name", "copy"]).status == 0)
    #expect(try tool.trials(["--study", "copy"]).count == 40)
    #expect(try tool.run(["resume", "--study", "copy", "--more", "2", "-q"]).status == 0)
  }

  /// Who runs the study while it is extended goes on in the wider space.
  @Test func extendsUnderWay() throws {
    let running = try tool.start(
      [
        "tune", "--trials", "30", "--sampler", "random", "--param", "x=int(1, 2)", "--minimize",
        "loss",
      ]
        + ["--", "sh", "-c", "sleep 1; \(Self.report) {x}"])
    running.wait { running.errorText.contains("trial 0  complete") }
    #expect(try tool.run(["extend", "--param", "x=int(1, 4)"]).status == 0)
    #expect(try running.end().status == 0)
    #expect(try tool.states().count == 4)
  }

  // MARK: Spaces of files

  @Test func fixesAndDropsParameters() throws {
    try tool.write(
      """
      {"parameters": [
        {"name": "lr", "type": "float", "low": 1e-4, "high": 1, "log": true},
        {"name": "opt", "type": "categorical", "choices": ["sgd", "adam", "16"]},
        {"name": "m", "type": "float", "low": 0, "high": 1, "if": "opt == sgd"},
        {"name": "units", "type": "int", "low": 1, "high": 64}],
       "forbid": ["units > 32 and lr > 0.5"]}
      """, "space.json")
    let words = ["tune", "--space", "space.json", "--minimize", "loss", "--trials", "4"]
    let narrow = try tool.run(
      words + ["--fix", "lr=0.1, opt=adam", "--fix", "units=8", "--drop", "m"] + Self.echo)
    #expect(narrow.status == 0, "\(narrow.err)")
    for row in try tool.trials() {
      let params = try #require(row["params"] as? [String: Any])
      #expect(params.keys.sorted() == ["lr", "opt", "units"])
      #expect(params["lr"] as? Double == 0.1 && params["units"] as? Int == 8)
    }
    #expect(try tool.run(["resume", "--more", "1"]).status == 0)
    for (option, text) in [
      (["--fix", "lt=1"], "there is no parameter `lt`\n\nhint: did you mean `lr`?"),
      (["--fix", "lr=2"], "parameter `lr` cannot be 2"), (["--fix", "lr"], "`lr` has no value"),
      (["--drop", "optt"], "there is no parameter `optt`"),
      (["--drop", "opt"], "parameter `opt` cannot be removed: `m` exists only if"),
      (["--drop", "lr"], "parameter `lr` cannot be removed"),
      (["--fix", "m=0.5", "--drop", "m"], "`m` is dropped too"),
    ] {
      let ending = try tool.run(words + ["--study", "none"] + option + Self.echo)
      #expect(ending.status == 64 && ending.err.contains(text), "\(option): \(ending.err)")
    }
    let text = try tool.run(words + ["--study", "text", "--fix", "opt=16"] + Self.echo)
    #expect(text.status == 0, "\(text.err)")
    #expect(
      try tool.trials(["--study", "text"]).allSatisfy {
        ($0["params"] as? [String: Any])?["opt"] as? String == "16"
      })
  }

  // MARK: Arguments

  /// A preloaded library that moves the environment, as some that change a process's title do.
  @Test(.enabled(if: PreloadedLibrary.hasCompiler, "needs Linux and a C compiler"))
  func argumentsUnderAMovedEnvironment() throws {
    let library = try PreloadedLibrary.build(
      "moves", PreloadedLibrary.movesEnvironment, in: tool)
    let words = ["tune", "--trials", "2", "--study", ""]
    let empty = try tool.run(words + Self.study + Self.echo, environment: library)
    #expect(empty.status == 64 && empty.err.contains("--study is empty"), "\(empty.err)")
    let ending = try tool.run(
      ["tune", "--trials", "2", "--store", "a b.db"] + Self.study + Self.echo,
      environment: library)
    #expect(ending.status == 0, "\(ending.err)")
    #expect(try tool.states(["--store", "a b.db"]) == ["complete", "complete"])
    let unknown = try tool.run(["tunee"], environment: library)
    #expect(unknown.status == 64 && unknown.err.contains("did you mean outerloop tune?"))
  }
}
