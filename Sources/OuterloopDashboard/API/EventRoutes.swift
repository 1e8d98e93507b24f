internal import OuterloopStudy
internal import OuterloopText

// Events of studies, as they happen.
extension Dashboard {
  var eventRoutes: [Route] {
    [
      Route(
        "GET", "\(Self.root)/studies/{study}/events", "Server-sent events about a study",
        query: [.count("after")]
      ) { request, arguments in
        let study = try await study(arguments)
        let last = request.headers["last-event-id"].flatMap { Int($0) }
        let after = try last ?? request.query.count("after") ?? 0
        let start = Seen(revision: after, settings: await study.specification.settings)
        return .events(
          ServerSentEvents.stream(
            start,
            pause: { seen in
              try await studies.store.awaitEvents(
                of: study.id, after: seen.revision, pause: ServerSentEvents.pause)
            }
          ) { seen in try await changes(of: study, since: &seen) })
      },
      Route("GET", "\(Self.root)/events", "Server-sent events about the store") { _, _ in
        .events(ServerSentEvents.stream(JSON.null) { seen in try await changes(since: &seen) })
      },
    ]
  }

  /// How many changed trials an event names.
  private static let mostNamed = 200

  /// The state of a study that a reader has seen.
  private struct Seen {
    var revision: Int
    var settings: StudySettings
  }

  private func changes(
    of study: FollowedStudy, since seen: inout Seen
  ) async throws -> ServerSentEvents.Item? {
    try await study.refresh()
    let now = Seen(revision: await study.revision, settings: await study.specification.settings)
    guard now.revision > seen.revision || now.settings != seen.settings else { return nil }
    let changed = await study.changed(after: seen.revision)
    seen = now
    let numbers = changed.flatMap { $0.count <= Self.mostNamed ? $0.sorted().map(JSON.int) : nil }
    let told: Set = ["counts", "trials", "stale", "best", "rate", "secondsLeft", "ended", "budget"]
    var members = [JSON.Member(name: "revision", value: .int(now.revision))]
    members += try await overview(study).filter { told.contains($0.name) }
    members.append(JSON.Member(name: "changed", value: numbers.map(JSON.array) ?? .null))
    return ServerSentEvents.Item(name: "change", id: now.revision, data: .object(members))
  }

  private func changes(since seen: inout JSON) async throws -> ServerSentEvents.Item? {
    var revisions: [JSON] = []
    for id in try await studies.store.studies() {
      let revision = try await studies.store.summary(of: id).revision
      revisions.append(.object(["id": .int(id.rawValue), "revision": .int(revision)]))
    }
    let now = JSON.object(["studies": .array(revisions)])
    guard now != seen else { return nil }
    seen = now
    return ServerSentEvents.Item(name: "studies", id: nil, data: now)
  }
}
