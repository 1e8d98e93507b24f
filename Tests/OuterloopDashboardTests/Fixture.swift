import OuterloopRunner
import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopDashboard

/// A store with a few studies, and a dashboard over it.
struct Fixture {
  let store: MemoryStore
  let dashboard: Dashboard
  let study: StudyID

  /// - Parameters:
  ///   - trials: of which every fifth fails, and the last one runs.
  ///   - folder: where the trials' files are.
  init(
    _ name: String = "study", trials: Int = 12, objectives: [Objective] = [.minimize("loss")],
    folder: String = "/nonexistent", isReadOnly: Bool = false, store: MemoryStore = MemoryStore()
  ) async throws {
    self.store = store
    let space = try SearchSpace([
      ParameterDeclaration(parsing: "lr=log(1e-5, 1e-1)"),
      ParameterDeclaration(parsing: "opt=choice(adam, sgd, '<b>bold</b>')"),
      ParameterDeclaration(parsing: "momentum=float(0, 0.99) if opt == sgd"),
    ])
    study = try store.create(
      StudySpecification(
        name: name, space: space, objectives: objectives, method: MethodDescription("random"),
        seed: 1, budget: Budget(trials: 100)))
    dashboard = Dashboard(
      store,
      Dashboard.Environment(
        storeName: "test.db", version: "1.2.3", openForWriting: { store },
        folders: { TrialFolders(in: folder, study: $0.name) }, isGone: { $0 == "gone" },
        commandLine: { _, trial in "train --trial \(trial.number)" }), isReadOnly: isReadOnly)
    for number in 0..<trials { try add(number, isLast: number == trials - 1) }
  }

  private func add(_ number: Int, isLast: Bool) throws {
    let specification = try store.specification(of: study)
    let units = [Double(number % 7) / 7, Double(number % 3) / 3, 0.5]
    let assignment = try #require(
      specification.space.assignment { place, domain in domain.value(atUnit: units[place]) })
    let kind = Event.Kind.suggested(assignment, through: 1, seen: 0)
    let taken = try store.add(
      kind, asTrial: number, to: study, claimedBy: Claimant(worker: "worker.\(number % 2)"))
    let claim = try #require(taken)
    let values = specification.objectives.enumerated().map { 1 / Double(number + $0.offset + 1) }
    var named = ["memory": Double(number)]
    for (objective, value) in zip(specification.objectives, values) {
      named[objective.metric] = value
    }
    try append(.reported(attempt: claim.attempt, Report(named, seconds: 2)), number)
    if isLast { return }
    let outcome: Outcome =
      number % 5 == 4
      ? .failed(.error, message: "<script>alert(1)</script>") : .complete(values)
    try append(.finished(attempt: claim.attempt, outcome), number)
  }

  func append(_ kind: Event.Kind, _ trial: Int) throws {
    let taken = try store.append([kind], to: trial, of: study)
    #expect(taken == .accepted)
  }

  // MARK: Asking

  var handler: RequestHandler {
    RequestHandler(
      policy: AccessPolicy(hosts: ["here"], token: nil, isReadOnly: dashboard.isReadOnly),
      router: dashboard.router)
  }

  func get(_ target: String) async throws -> Response {
    let request = try #require(Request(method: "GET", target: target, headers: ["host": "here"]))
    return await handler.response(to: request)
  }

  func send(
    _ method: String, _ target: String, _ body: String, headers: [String: String] = [:]
  ) async throws -> Response {
    var all = ["host": "here", "content-type": "application/json"]
    all.merge(headers) { $1 }
    let request = try #require(
      Request(method: method, target: target, headers: all, body: Array(body.utf8)))
    return await handler.response(to: request)
  }

  func json(_ target: String) async throws -> JSON {
    let response = try await get(target)
    try #require(response.status == .ok, "\(response.text)")
    return try #require(JSONReader.value(response.text))
  }
}

extension Response {
  var text: String {
    if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" }
  }
}
