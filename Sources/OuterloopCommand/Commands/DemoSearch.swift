internal import OuterloopCharts
internal import OuterloopFiles
internal import OuterloopLab
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy

/// The second half of `outerloop demo`: a search for how to build and train a network, in a store of
/// its own, which continues where it left off.
struct DemoSearch {
  let folder: String
  let conversation: VerbosityOptions

  private static let study = "digits"
  private static let trials = 40
  /// The number of space-filling configurations with which the search begins.
  private static let first = GPOptions().startup

  struct Outcome {
    var store: String
    var result: StudyResult
    /// The smallest error among the first trials.
    var errorAtFirst: Double?
  }

  private var place: StoreOptions {
    var place = StoreOptions()
    place.store = "\(folder)/outerloop.db"
    return place
  }

  /// - Throws: a `CommandError` with status 130 when it was interrupted.
  func perform(restart: Bool, _ progress: inout Progress) async throws -> Outcome {
    let space = try NetworkSpace()
    let found = try await found(space.space, restart: restart)
    progress.say(
      """

      Layers, optimizer and activation of a network have no gradients. \
      A search tries
      \(Self.trials) configurations, the first \(Self.first) spread over the space, the others \
      where a model of all trials expects most.
      """)
    guard try await run(found, space) != .stopped else {
      throw CommandError(
        "interrupted; what was tried is stored in \(found.place.name)",
        hint: "continue with: \(CommandText.again)", status: Interrupts.status)
    }
    let trials = try await found.trials()
    let figures = StudyFigures(found.specification, trials)
    do {
      try PictureFile.write(
        figures.pictures(.history) + figures.pictures(.parallel), into: folder)
    } catch let error as FileError where error.cause == .exists {
      throw CommandError(error.what, hint: "choose another folder by --out, or remove the file")
    }
    return Outcome(
      store: found.place.name, result: try await StudyResult(found),
      errorAtFirst: trials.prefix(Self.first).compactMap { $0.values?.first }.min())
  }

  private func found(_ space: SearchSpace, restart: Bool) async throws -> StudyChoice.Found {
    let wanted = try StudySpecification(
      name: Self.study, space: space, objectives: [.minimize("error")],
      method: SearchMethod.auto().description, seed: 1, budget: Budget(trials: Self.trials))
    let store: any StudyStore = try place.open(.create)
    if let id = try await store.study(named: Self.study) {
      let kept = try await store.specification(of: id)
      if let difference = kept.difference(from: wanted) {
        throw CommandError(
          "\(place.name) has a study `\(Self.study)` with \(difference)",
          hint: "choose another folder by --out, or remove the file")
      }
      guard restart else {
        return StudyChoice.Found(store: store, id: id, specification: kept, place: place)
      }
      try await store.delete(id)
    }
    return StudyChoice.Found(
      store: store, id: try await store.create(wanted), specification: wanted, place: place)
  }

  private func run(
    _ found: StudyChoice.Found, _ space: NetworkSpace
  ) async throws -> StudyDriver.Ending {
    let lines = TrialProgress(found, conversation)
    await lines.begin()
    let looking = Task {
      while !Task.isCancelled {
        await lines.refresh()
        try? await Task.sleep(for: .milliseconds(50))
      }
    }
    defer { looking.cancel() }
    let ending = try await StudyDriver(found.id, in: found.store, by: found.method()).run(
      NetworkWork(network: try DigitsNetwork(), space: space),
      isStopping: { Interrupts.isRequested }, notice: lines.notice)
    await lines.finish()
    return ending
  }
}

/// What can be chosen for the network.
private struct NetworkSpace: Sendable {
  let space: SearchSpace
  private let activation: Handle<String>
  private let rate, decay: Handle<Double>
  private let momentum: Handle<Double?>
  private let layers, units: Handle<Int>

  init() throws {
    var space = SearchSpace()
    _ = try space.choice("optimizer", ["sgd", "adam"])
    rate = try space.float("rate", 1e-3...1, log: true)
    momentum = try space.when("optimizer == sgd") { try $0.float("momentum", 0...0.99) }
    layers = try space.int("layers", 1...3)
    units = try space.int("units", 4...128, log: true)
    activation = try space.choice("activation", DigitsNetwork.activations)
    decay = try space.float("decay", 1e-6...1e-1, log: true)
    self.space = space
  }

  func settings(_ assignment: Assignment) -> DigitsNetwork.Settings {
    var settings = DigitsNetwork.Settings()
    if let momentum = assignment[momentum] { settings.descent = .sgd(momentum: momentum) }
    settings.rate = assignment[rate]
    settings.layers = assignment[layers]
    settings.units = assignment[units]
    settings.activation = assignment[activation]
    settings.decay = assignment[decay]
    return settings
  }
}

private struct NetworkWork: TrialWork {
  let network: DigitsNetwork
  let space: NetworkSpace

  func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    let error = try network.error(space.settings(request.assignment), seed: request.seed)
    _ = try await reports.report(Report(["error": error]))
  }
}
