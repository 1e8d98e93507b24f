internal import OuterloopStudy
internal import OuterloopText

// The store and the list of its studies.
extension Dashboard {
  /// The prefix of all routes of version 1.
  static let root = "/api/v1"

  var storeRoutes: [Route] {
    [
      Route("GET", Self.root, "The store and the version of the API") { _, _ in
        .json(
          .object([
            "api": .int(1), "version": .text(environment.version),
            "store": .text(environment.storeName), "readOnly": .bool(isReadOnly),
          ]))
      },
      Route("GET", "\(Self.root)/studies", "All studies of the store") { _, _ in
        var overviews: [JSON] = []
        for id in try await studies.store.studies() {
          // A study that is deleted meanwhile is left out.
          if let overview = try? await overview(of: id) { overviews.append(.object(overview)) }
        }
        return .json(.object(["studies": .array(overviews)]))
      },
      Route("GET", "\(Self.root)/openapi.json", "This API as an OpenAPI document") { _, _ in
        .json(OpenAPI.document(of: router.routes, version: environment.version))
      },
    ]
  }

  /// Studies of up to this many trials are followed for the list alone, larger ones only once somebody opens
  /// them.
  private static let mostForList = 5000

  private func overview(of id: StudyID) async throws -> [JSON.Member] {
    let summary = try await studies.store.summary(of: id)
    if summary.trials <= Self.mostForList { return try await overview(studies.study(id.rawValue)) }
    if let study = await studies.known(id) {
      try await study.refresh()
      return try await overview(study)
    }
    return try await members(
      Overview(specification: studies.store.specification(of: id), summary: summary), of: id)
  }

  func overview(_ study: FollowedStudy) async throws -> [JSON.Member] {
    let (id, specification) = (study.id, await study.specification)
    var overview = Overview(specification: specification, summary: await study.summary)
    overview.improvements = await study.improvements(most: 60)
    overview.rate = await study.rate
    let history = await study.history
    overview.ended = history.stopReason
    overview.isPaused = history.isSuspended
    overview.epochsSpent = history.epochs
    overview.secondsSpent = history.busySeconds
    return try await members(overview, of: id)
  }

  private func members(_ overview: Overview, of id: StudyID) async throws -> [JSON.Member] {
    let stale = overview.summary.counts[.running] == nil ? [] : try await studies.stale(in: id)
    return overview.members(id, stale: stale.count)
  }
}
