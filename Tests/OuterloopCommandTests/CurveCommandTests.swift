import Foundation
import Testing

/// `outerloop curve` on studies made by `outerloop tune`.
@Suite struct CurveCommandTests {
  private let tool = Tool()

  private static let program = """
    import json, sys
    n = int(sys.argv[1])
    for epoch in (1, 2, 3):
        loss = n / 10 + 1 / epoch if (n, epoch) != (2, 2) else float("nan")
        print(json.dumps({"epoch": epoch, "loss": loss, "gain": -n, "seconds": 0.25}))
    """

  private func tune(_ words: [String] = ["--minimize", "loss"]) throws {
    try tool.write(Self.program, "train.py")
    let ending = try tool.run(
      [
        "tune", "--param", "n=int(1, 3)", "--epochs", "3", "--scheduler", "none", "--sampler",
        "grid", "--seed", "1",
      ] + words + ["--", "python3", "train.py", "{n}"])
    #expect(ending.status == 0, "\(ending.err)")
  }

  @Test func bestSoFar() throws {
    try tune()
    let ending = try tool.run(["curve"])
    #expect(ending.status == 0)
    let rows = ending.out.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows[0] == ["epochs", "seconds", "trial", "epoch", "loss"])
    // Trial 0 comes down in three steps, and nothing is better.
    #expect(rows.dropFirst().map { $0[0] } == ["1", "2", "3"])
    #expect(
      rows.dropFirst().map { [$0[2], $0[3], $0[4]] } == [
        ["0", "1", "1.100"], ["0", "2", "0.6000"], ["0", "3", "0.4333"],
      ])
    #expect(ending.err == "\n9 epochs in all, the last 6 without an improvement\n")
    #expect(try tool.run(["curve", "-q"]).err.isEmpty)

    let object = try tool.object(["curve", "--json"])
    #expect(
      Set(object.keys) == ["study", "objectives", "totalEpochs", "totalSeconds", "points"])
    #expect(object["totalEpochs"] as? Int == 9 && object["totalSeconds"] is Double)
    let points = try #require(object["points"] as? [[String: Any]])
    #expect(
      points.allSatisfy {
        Set($0.keys) == ["totalEpochs", "totalSeconds", "trial", "epoch", "best"]
      })
    #expect(points.map { $0["totalEpochs"] as? Int } == [1, 2, 3])
    let last = try #require((points.last?["best"] as? [String: Double])?["loss"])
    #expect(abs(last - 0.1 - 1 / 3.0) < 1e-12)
  }

  @Test func learningCurves() throws {
    try tune()
    #expect(
      try tool.run(["curve", "--trial", "1"]).out == """
        epoch    loss  gain  seconds
            1   1.200    -2   0.2500
            2     nan    -2   0.2500
            3  0.5333    -2   0.2500

        """)
    #expect(
      try tool.run(["curve", "--trial", "0", "--metric", "gain"]).out == """
        epoch  gain  seconds
            1    -1   0.2500
            2    -1   0.2500
            3    -1   0.2500

        """)
    let object = try tool.object(["curve", "--trial", "1", "--json"])
    #expect(Set(object.keys) == ["study", "trial", "state", "points"])
    let points = try #require(object["points"] as? [[String: Any]])
    #expect(points.allSatisfy { Set($0.keys) == ["epoch", "values", "seconds"] })
    #expect((points[1]["values"] as? [String: Any])?["loss"] as? String == "NaN")
    #expect(object["state"] as? String == "complete")
  }

  @Test func severalObjectives() throws {
    try tune(["--minimize", "loss", "--minimize", "gain"])
    let rows = try tool.run(["curve"]).out.split(separator: "\n").map {
      $0.split(separator: " ").map(String.init)
    }
    #expect(rows[0] == ["epochs", "seconds", "trial", "epoch", "loss", "gain"])
    #expect(rows.dropFirst().map { $0[0] } == ["1", "2", "3", "4", "7"])
    #expect(rows.last?.suffix(2) == ["0.4333", "-3"])
    let gain = try tool.object(["curve", "--metric", "gain", "--json"])
    let points = try #require(gain["points"] as? [[String: Any]])
    #expect(
      points.map { $0["best"] as? [String: Double] } == [["gain": -1], ["gain": -2], ["gain": -3]])
  }

  @Test func refusals() throws {
    try tune()
    #expect(
      try tool.failure(["curve", "--metric", "los"], status: 64)
        == "error: study `study` has no objective `los`\n\nhint: did you mean `loss`?; with --trial any metric is shown\n"
    )
    #expect(
      try tool.failure(["curve", "--trial", "0", "--metric", "gian"], status: 64).contains(
        "trial 0 has not reported `gian`"))
    #expect(try tool.failure(["curve", "--trial", "9"]).contains("has no trial 9"))
    #expect(try tool.failure(["curve", "--trial", "-1"], status: 64).contains("below 0"))
    #expect(try tool.failure(["curve", "--store", "none.db"]).hasPrefix("error: "))
    #expect(!tool.has("none.db"))
  }

  /// A study without reports is no error.
  @Test func nothingYet() throws {
    #expect(
      try tool.run([
        "ask", "--param", "x=float(0, 1)", "--minimize", "loss", "--json",
      ]).status == 0)
    let ending = try tool.run(["curve"])
    #expect(ending.status == 0 && ending.out.isEmpty)
    #expect(ending.err == "no report of study study has a value yet\n")
    #expect((try tool.object(["curve", "--json"])["points"] as? [Any])?.isEmpty == true)
    let trial = try tool.run(["curve", "--trial", "0"])
    #expect(trial.status == 0 && trial.err == "trial 0 has reported nothing yet\n")
  }
}
