/// Keeps studies. The contract, checked by `StoreLaws` for every store:
///
/// - Events of a study are numbered from 1 without gaps, in the order in which they were taken.
/// - Trial numbers are given once, from 0 without gaps.
/// - An event is taken if `Trial.accepts` it at that moment; what was taken is never lost, whoever is
///   killed afterwards. What is not taken changes nothing, and is an answer, not an error.
/// - The store's clock is the only clock: leases are compared with it, events carry its time. It may
///   jump: a lease that ends later than a whole lease from now is cut to that.
/// - A report renews the lease of its attempt.
/// - Reading never blocks or fails a writer.
///
/// Errors are `StudyError` and name the store, the study, and the remedy.
public protocol StudyStore: Sendable {
  /// Creates a study.
  /// - Throws: `StudyError` if one of that name exists.
  func create(_ specification: StudySpecification) async throws -> StudyID
  /// The study of that name; nil if there is none.
  ///
  /// - Throws: what access to the store throws, as do all functions here.
  func study(named name: String) async throws -> StudyID?
  /// All studies, in order of creation.
  ///
  /// - Throws: what access to the store throws.
  func studies() async throws -> [StudyID]
  /// What a study is, with its budget and attributes as they are now.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func specification(of study: StudyID) async throws -> StudySpecification
  /// Changes budget and attributes, starting from what they are at that moment: of two processes that
  /// each set something else, neither undoes the other. `change` may be called more than once. A new
  /// budget and new notes are events in the log.
  /// Returns what they are now.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  @discardableResult
  func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) async throws -> StudySettings
  /// Widens the space of the study. The event stands in the log between those who proposed before and
  /// after it.
  /// - Throws: `SpaceError` if a configuration of the space as it is would not be one of `space`.
  func extend(_ study: StudyID, to space: SearchSpace) async throws
  /// Takes an event about the study other than `.widened`: what someone believes of good values, that a
  /// rule ended the study, that it is suspended, that it goes on.
  /// - Throws: `StudyError` for events about trials, and for those of `extend` and `update`.
  func note(_ kind: Event.Kind, in study: StudyID) async throws
  /// Removes the study and all it holds.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func delete(_ study: StudyID) async throws

  /// The events after `revision`, in order, at most `limit`.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func events(of study: StudyID, after revision: Int, limit: Int) async throws -> [Event]

  /// Trials as they stand. Without an implementation of its own: the fold over all events.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func trials(of study: StudyID, matching query: TrialQuery) async throws -> [Trial]
  /// What the study amounts to. Without an implementation of its own: from the fold.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func summary(of study: StudyID) async throws -> StudySummary
  /// The names of all metrics that were ever reported, sorted. Without an implementation of its own:
  /// from the fold.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func metrics(of study: StudyID) async throws -> [String]

  /// Creates trial `number` by a `.suggested` or `.enqueued` event, and claims it for `claimant` in
  /// the same breath if there is one; nil if that number has been given: propose again.
  ///
  /// - Throws: `StudyError` for an event that creates no trial or a configuration that is not one
  ///   of the space, and what access to the store throws.
  func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) async throws -> Claim?
  /// Takes events about a trial, all or none.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws. An
  ///   event that does not fit the trial's state is refused, not an error.
  func append(
    _ kinds: [Event.Kind], to trial: Int, of study: StudyID
  ) async throws -> Acceptance
  /// Claims the waiting trial of the lowest number; nil if none waits.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func claim(in study: StudyID, by claimant: Claimant) async throws -> Claim?
  /// Prolongs the lease to `seconds` from now; false if the attempt was overtaken.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func renew(_ claim: Claim, seconds: Double) async throws -> Bool
  /// The leases of the trials that run, by number.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func leases(of study: StudyID) async throws -> [Lease]
  /// Releases running trials whose lease has run out, or fails them as lost after the last attempt.
  /// Returns their numbers.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func reap(_ study: StudyID) async throws -> [Int]

  /// Returns when there may be events after `revision`. Without an implementation of its own: after `pause` seconds. A
  /// store that is told of news returns at once when there is any, and otherwise after a second at most.
  ///
  /// - Throws: `CancellationError` if the task is cancelled, and what access to the store throws.
  func awaitNews(of study: StudyID, after revision: Int, pause: Double) async throws

  /// Seconds since 1970.
  ///
  /// - Throws: what access to the store throws.
  func now() async throws -> Double
}

extension StudyStore {
  public func awaitNews(of study: StudyID, after revision: Int, pause: Double) async throws {
    // Not a number is no pause, and none is longer than a duration can say.
    try await Task.sleep(for: .seconds(pause > 0 ? min(pause, 1e9) : 0))
  }
}

/// A study in a store.
public struct StudyID: Sendable, Hashable, RawRepresentable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }
}

/// Who wants to work, and how long without a sign of life until it is taken for dead.
public struct Claimant: Sendable, Hashable {
  /// The worker's name.
  public var worker: String
  /// Seconds.
  public var lease: Double

  /// A worker, and its lease in seconds.
  public init(worker: String, lease: Double = 90) {
    self.worker = worker
    self.lease = lease
  }
}

/// Who runs a trial, and until when nobody else is given it.
public struct Lease: Sendable, Hashable {
  /// The trial's number.
  public var trial: Int
  /// The number of the attempt.
  public var attempt: Int
  /// The worker's name.
  public var worker: String
  /// Seconds since 1970 by the store's clock. Workers that are alive move it on.
  public var until: Double

  /// A lease of a trial.
  public init(trial: Int, attempt: Int, worker: String, until: Double) {
    self.trial = trial
    self.attempt = attempt
    self.worker = worker
    self.until = until
  }
}

/// The right to work on a trial: `attempt` fences it.
public struct Claim: Sendable, Hashable {
  /// The study.
  public let study: StudyID
  /// The trial as it stood when it was claimed.
  public let trial: Trial
  /// 0: the trial was created without a claim.
  public let attempt: Int

  /// The right to work on a trial.
  public init(study: StudyID, trial: Trial, attempt: Int) {
    self.study = study
    self.trial = trial
    self.attempt = attempt
  }
}
