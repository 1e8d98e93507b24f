/// Keeps studies. The contract, checked by `StoreLaws` for every store:
///
/// - Events of a study are numbered from 1 without gaps, in the order in which they were taken.
/// - Trial numbers are assigned once, from 0 without gaps.
/// - An event is accepted if `Trial.accepts` it at that moment; an accepted event is never lost,
///   whichever process is killed afterwards. A rejected event changes nothing, and is an answer, not
///   an error.
/// - The store's clock is the only clock: leases are compared with it, events carry its time. It may
///   jump: a lease that would expire later than a full lease from now is shortened to that.
/// - A report renews the lease of its attempt.
/// - Reading never blocks a writer or makes it fail.
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
  /// Changes budget and attributes, starting from what they are at that moment: two processes that
  /// change different settings do not undo each other's change. `change` may be called more than
  /// once. A new budget and new notes are events in the log. Returns the new settings.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  @discardableResult
  func update(
    _ study: StudyID, _ change: @Sendable (inout StudySettings) -> Void
  ) async throws -> StudySettings
  /// Widens the space of the study. The event's place in the log separates proposals made before from
  /// those made after it.
  /// - Throws: `SpaceError` if some configuration of the present space would not be in `space`.
  func extend(_ study: StudyID, to space: SearchSpace) async throws
  /// Records an event about the study other than `.widened`: user priors, a stopping rule that ended
  /// the study, its suspension or resumption.
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

  /// The trials in their current state. Default implementation: the fold over all events.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func trials(of study: StudyID, matching query: TrialQuery) async throws -> [Trial]
  /// A summary of the study. Default implementation: from the fold.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func summary(of study: StudyID) async throws -> StudySummary
  /// The names of all metrics ever reported, sorted. Default implementation: from the fold.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func metrics(of study: StudyID) async throws -> [String]

  /// Creates trial `number` by a `.suggested` or `.enqueued` event, and claims it for `claimant`,
  /// if given, in the same transaction; nil if that number is already assigned: propose again.
  ///
  /// - Throws: `StudyError` for an event that creates no trial or a configuration that is not one
  ///   of the space, and what access to the store throws.
  func add(
    _ kind: Event.Kind, asTrial number: Int?, to study: StudyID, claimedBy claimant: Claimant?
  ) async throws -> Claim?
  /// Records events about a trial, all or none.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws. An
  ///   event that does not fit the trial's state is refused, not an error.
  func append(
    _ kinds: [Event.Kind], to trial: Int, of study: StudyID
  ) async throws -> Acceptance
  /// Claims the waiting trial with the lowest number; nil if none is waiting.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func claim(in study: StudyID, by claimant: Claimant) async throws -> Claim?
  /// Extends the lease to `seconds` from now; false if the attempt was superseded.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func renew(_ claim: Claim, seconds: Double) async throws -> Bool
  /// The leases of the running trials, by number.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func leases(of study: StudyID) async throws -> [Lease]
  /// Releases running trials whose lease has expired, or fails them as lost after the last attempt.
  /// Returns their numbers.
  ///
  /// - Throws: `StudyError` if there is no such study, and what access to the store throws.
  func reap(_ study: StudyID) async throws -> [Int]

  /// Returns when there may be events after `revision`. Default implementation: after `pause` seconds. A store with
  /// change notifications returns as soon as there are any, and otherwise after at most a second.
  ///
  /// - Throws: `CancellationError` if the task is cancelled, and what access to the store throws.
  func awaitEvents(of study: StudyID, after revision: Int, pause: Double) async throws

  /// Seconds since 1970.
  ///
  /// - Throws: what access to the store throws.
  func now() async throws -> Double
}

extension StudyStore {
  public func awaitEvents(of study: StudyID, after revision: Int, pause: Double) async throws {
    // NaN counts as no pause, and the maximum is what a duration can represent.
    try await Task.sleep(for: .seconds(pause > 0 ? min(pause, 1e9) : 0))
  }
}

/// A study in a store.
public struct StudyID: Sendable, Hashable, RawRepresentable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }
}

/// A worker that asks for trials, and how long it may go without a heartbeat before its lease
/// expires.
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

/// Which worker runs a trial, and until when no other worker gets it.
public struct Lease: Sendable, Hashable {
  /// The trial's number.
  public var trial: Int
  /// The number of the attempt.
  public var attempt: Int
  /// The worker's name.
  public var worker: String
  /// Seconds since 1970 by the store's clock. Live workers keep extending it.
  public var until: Double

  /// A lease of a trial.
  public init(trial: Int, attempt: Int, worker: String, until: Double) {
    self.trial = trial
    self.attempt = attempt
    self.worker = worker
    self.until = until
  }
}

/// The right to work on a trial: `attempt` is its fencing token.
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
