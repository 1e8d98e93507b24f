import Foundation
import OuterloopStore
import OuterloopStudy
import Testing

/// What others read: whole texts.
@Suite struct ExportTests {
  private func study() async throws -> (any StudyStore, StudyID) {
    let store: any StudyStore = MemoryStore { 1000.5 }
    let space = try SearchSpace([
      ParameterDeclaration("lr", .float(NumericRange(0, 1))),
      ParameterDeclaration("act", .categorical(["a,b", "say \"x\""])),
      ParameterDeclaration("m", .int(1, 5), if: "lr > 0.5"),
    ])
    let id = try await store.create(
      StudySpecification(
        name: "s", space: space, objectives: [.minimize("loss"), .maximize("acc")],
        method: MethodDescription("random"), seed: 0))
    func add(_ given: [String: ParameterValue], _ kinds: Event.Kind...) async throws {
      let claim = try await store.add(
        .enqueued(space.assignment(given), through: 2), asTrial: nil, to: id,
        claimedBy: kinds.isEmpty ? nil : Claimant(worker: "w"))
      guard let claim, !kinds.isEmpty else { return }
      #expect(try await store.append(kinds, to: claim.trial.number, of: id) == .accepted)
    }
    try await add(
      ["lr": 0.25, "act": "a,b"],
      .reported(attempt: 1, Report(epoch: 1, ["loss": .nan, "acc": 1], seconds: 2)),
      .finished(attempt: 1, .complete([0.5, .infinity])))
    try await add(
      ["lr": 0.75, "act": "say \"x\"", "m": 3],
      .finished(attempt: 1, .failed(.timeout, message: "two\nlines")))
    try await add(["lr": 1, "act": "a,b", "m": 1])
    return (store, id)
  }

  private func text(_ format: TrialFormat, _ query: TrialQuery = TrialQuery()) async throws
    -> String
  {
    let (store, id) = try await study()
    var text = ""
    try await store.export(id, as: format, matching: query) { text += $0 }
    return text
  }

  @Test func csv() async throws {
    #expect(
      try await text(.csv) == #"""
        number,state,reason,value.loss,value.acc,param.lr,param.act,param.m,epoch,through,checkpoint,attempts,worker,created,started,ended,message
        0,complete,,0.5,Infinity,0.25,"a,b",,1,2,0,1,w,1000.5,1000.5,1000.5,
        1,failed,timeout,,,0.75,"say ""x""",3,,2,0,1,w,1000.5,1000.5,1000.5,"two
        lines"
        2,waiting,,,,1.0,"a,b",1,,2,0,0,,1000.5,,,

        """#)
  }

  @Test func jsonLines() async throws {
    #expect(
      try await text(.jsonLines) == #"""
        {"number":0,"state":"complete","reason":null,"message":null,"values":{"acc":"Infinity","loss":0.5},"params":{"lr":0.25,"act":"a,b"},"epoch":1,"through":2,"checkpoint":0,"attempts":1,"created":1000.5,"started":1000.5,"ended":1000.5,"seconds":0.0,"reports":[{"epoch":1,"values":{"acc":1.0,"loss":"NaN"},"seconds":2.0}],"runs":[{"worker":"w","started":1000.5,"ended":1000.5,"reason":null}]}
        {"number":1,"state":"failed","reason":"timeout","message":"two\nlines","values":{},"params":{"lr":0.75,"act":"say \"x\"","m":3},"epoch":null,"through":2,"checkpoint":0,"attempts":1,"created":1000.5,"started":1000.5,"ended":1000.5,"seconds":0.0,"reports":[],"runs":[{"worker":"w","started":1000.5,"ended":1000.5,"reason":"timeout"}]}
        {"number":2,"state":"waiting","reason":null,"message":null,"values":{},"params":{"lr":1.0,"act":"a,b","m":1},"epoch":null,"through":2,"checkpoint":0,"attempts":0,"created":1000.5,"started":null,"ended":null,"seconds":0.0,"reports":[],"runs":[]}

        """#)
  }

  /// The same through an encoder, as commands print it.
  @Test func encoded() async throws {
    let (store, id) = try await study()
    let specification = try await store.specification(of: id)
    let trials = try await store.trials(of: id, matching: TrialQuery())
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    func sorted(_ json: Data, without dropped: [String] = []) throws -> String {
      var object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
      for key in dropped { #expect(object.removeValue(forKey: key) != nil) }
      let data = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
      return String(decoding: data, as: UTF8.self)
    }
    let lines = try await text(.jsonLines).split(separator: "\n")
    for (trial, line) in zip(trials, lines) {
      let whole = try encoder.encode(TrialRecord(trial, specification, isWhole: true))
      #expect(try sorted(whole) == sorted(Data(line.utf8)))
      let brief = try encoder.encode(TrialRecord(trial, specification))
      #expect(try sorted(brief) == sorted(Data(line.utf8), without: ["reports", "runs"]))
    }
  }

  @Test func parts() async throws {
    let lines = try await text(.csv, TrialQuery(states: [.failed, .waiting], limit: 1))
    #expect(lines.split(separator: "\n").count == 3, "a header, and a trial with two lines")
  }

  /// Many pages give every trial once.
  @Test func pages() async throws {
    let store: any StudyStore = MemoryStore()
    let space = try SearchSpace([ParameterDeclaration("x", .float(NumericRange(0, 1)))])
    let id = try await store.create(
      StudySpecification(
        name: "s", space: space, objectives: [.minimize("loss")],
        method: MethodDescription("random"), seed: 0))
    for _ in 0..<2500 {
      _ = try await store.add(
        .enqueued(space.assignment(["x": 0.5]), through: 1), asTrial: nil, to: id, claimedBy: nil)
    }
    var numbers: [Int] = []
    try await store.export(id, as: .csv) { piece in
      for line in piece.split(separator: "\n") {
        if let number = line.split(separator: ",").first.flatMap({ Int($0) }) {
          numbers.append(number)
        }
      }
    }
    #expect(numbers == Array(0..<2500))
  }
}
