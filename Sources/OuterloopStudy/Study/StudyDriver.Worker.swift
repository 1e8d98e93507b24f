private import Synchronization

extension StudyDriver {
  /// One of a driver's workers: runs trials one after another.
  struct Worker: Sendable {
    let driver: StudyDriver
    let specification: StudySpecification
    let source: TrialSource
    let notice: @Sendable (Notice) -> Void
    let claimant: Claimant
    /// Its index among the driver's workers.
    let slot: Int
    let watch: FailureWatch
    let suspension: Suspension

    func loop(_ work: some TrialWork, isStopping: @Sendable () -> Bool) async throws -> Ending {
      while !isStopping() {
        try Task.checkCancellation()
        switch watch.verdict {
        case .goOn: break
        case .giveUp(let breakdown): return .broken(breakdown)
        case .wait:
          try await Task.sleep(for: .seconds(driver.pause))
          continue
        }
        let next = try await source.next(
          for: claimant, within: driver.budget, leavingTime: driver.leavesTime)
        if let notice = suspension.news(await source.isSuspended) { self.notice(notice) }
        switch next {
        case .trial(let claim): try await run(claim, work)
        case .wait:
          try await driver.store.awaitEvents(
            of: driver.study, after: source.revision, pause: driver.pause)
        case .finished(.budget): return .budget
        case .finished(.exhausted): return .exhausted
        case .finished(.rule(let reason)): return .rule(reason)
        }
      }
      return .stopped
    }

    private func run(_ claim: Claim, _ work: some TrialWork) async throws {
      notice(.began(claim))
      watch.began()
      let sink = Sink(worker: self, claim: claim)
      // This clock is monotonic, and does not advance while the machine is suspended.
      let start = SuspendingClock.now
      var seconds: Double { start.duration(to: .now) / .seconds(1) }
      let ended: Event.Kind
      var way: String?
      var cancellation: CancellationError?
      do {
        try await withHeartbeat(claim, sink) {
          try await work.run(TrialRequest(claim, of: specification, slot: slot), to: sink)
        }
        ended = sink.result(after: seconds)
      } catch let error as CancellationError {
        guard !sink.isOvertaken else { return watch.recordEnd() }
        if Task.isCancelled { cancellation = error }
        ended =
          sink.isStopped
          ? sink.result(after: seconds)
          : .released(attempt: claim.attempt, .cancelled, seconds: seconds)
      } catch let failure as TrialFailure {
        // A program that is asked to stop may exit in any way.
        (ended, way) =
          sink.isStopped
          ? (sink.result(after: seconds), nil)
          : (end(claim, failure, after: seconds), failure.way)
      } catch let error as StudyError {
        // No trial can run; this one goes back to waiting, if the store still works.
        let released = Event.Kind.released(attempt: claim.attempt, .cancelled, seconds: seconds)
        _ = try? await driver.store.append([released], to: claim.trial.number, of: claim.study)
        throw error
      } catch {
        ended = end(claim, TrialFailure(.error, "\(error)"), after: seconds)
      }
      judge(claim.trial, ended, way)
      // Recorded even when the task has been cancelled: a new unstructured task is not.
      let store = driver.store
      let answer = try await Task {
        try await store.append([ended], to: claim.trial.number, of: claim.study)
      }.value
      switch answer {
      case .accepted: notice(.ended(claim, ended))
      case .refused(let reason): notice(.refused(claim, reason))
      }
      if let cancellation { throw cancellation }
    }

    private func end(
      _ claim: Claim, _ failure: TrialFailure, after seconds: Double
    ) -> Event.Kind {
      let errors = claim.trial.attempts(endedBy: .error)
      if failure.reason == .error, errors < specification.retries {
        return .released(attempt: claim.attempt, .error, seconds: seconds)
      }
      return .finished(
        attempt: claim.attempt, .failed(failure.reason, message: failure.message),
        seconds: seconds)
    }

    /// What an ending says about the program.
    private func judge(_ trial: Trial, _ ended: Event.Kind, _ way: String?) {
      switch ended {
      case .finished(_, .failed(let reason, let message), _):
        let text = message ?? ""
        watch.failed(trial, reason, text, way: way ?? text)
      case .released: watch.recordEnd()
      default: watch.recordSuccess()
      }
    }

    /// Runs `body` while the lease is renewed. A lease that was lost cancels `body`; a renewal that
    /// fails is retried until the lease expires.
    private func withHeartbeat(
      _ claim: Claim, _ sink: Sink, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
      try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
          try await body()
          return true
        }
        group.addTask {
          while true {
            // A store may be unreachable for two thirds of a lease without a lease being lost.
            try await Task.sleep(for: .seconds(claimant.lease / 6))
            let isOurs = (try? await driver.store.renew(claim, seconds: claimant.lease)) ?? true
            if !isOurs {
              sink.overtake()
              return false
            }
          }
        }
        defer { group.cancelAll() }
        if try await group.next() == false { throw CancellationError() }
      }
    }
  }

  /// Whether the workers of a driver know that the study is suspended: the first one to notice announces it
  /// for all.
  final class Suspension: Sendable {
    private let isKnown = Mutex(false)

    func news(_ isSuspended: Bool) -> Notice? {
      isKnown.withLock { isKnown in
        guard isKnown != isSuspended else { return nil }
        isKnown = isSuspended
        return isSuspended ? .suspended : .resumed
      }
    }
  }

  /// Records an attempt's reports and remembers the last one.
  final class Sink: ReportSink {
    private struct State {
      var last: Report?
      var isOvertaken = false
      var verdict = Verdict.goOn
      /// It was trained beyond its target epoch, and will be paused.
      var isBeyond = false
    }
    private let state = Mutex(State())
    private let worker: Worker
    private let claim: Claim

    init(worker: Worker, claim: Claim) {
      self.worker = worker
      self.claim = claim
      state.withLock { $0.last = claim.trial.lastReport }
    }

    var isOvertaken: Bool { state.withLock(\.isOvertaken) }
    func overtake() { state.withLock { $0.isOvertaken = true } }

    /// Whether the program was asked to end its training.
    var isStopped: Bool { state.withLock { $0.verdict != .goOn || $0.isBeyond } }

    /// - Complexity: one transaction, however much is reported; in studies with epochs also the events
    ///   that others have written since the last report.
    func keep(_ news: [TrialNews]) async throws -> Bool {
      guard !news.isEmpty else { return true }
      let kinds = news.map { one -> Event.Kind in
        switch one {
        case .reported(let report): .reported(attempt: claim.attempt, report)
        case .extended(let report): .extended(attempt: claim.attempt, report)
        case .checkpointed(let epoch): .checkpointed(attempt: claim.attempt, epoch: epoch)
        }
      }
      let answer = try await worker.driver.store.append(
        kinds, to: claim.trial.number, of: claim.study)
      guard answer == .accepted else {
        overtake()
        return false
      }
      guard let report = remember(news) else { return true }
      worker.notice(.reported(claim, report))
      return try await shouldContinue(after: report)
    }

    /// Whether training continues: up to the target epoch, unless the scheduler stops it early. Programs that
    /// skip the epoch at which they should stop are stopped one epoch later.
    private func shouldContinue(after report: Report) async throws -> Bool {
      guard worker.specification.epochs > 1 else { return true }
      // Reports after it was asked to stop change nothing.
      guard !isStopped else { return false }
      let isBeyond = report.epoch > claim.trial.through
      let verdict =
        report.epoch < worker.specification.epochs
        ? try await worker.source.verdict(on: claim.trial.number) : .goOn
      return state.withLock { state in
        state.isBeyond = isBeyond
        state.verdict = verdict
        return verdict == .goOn && !isBeyond
      }
    }

    /// The last report, if there is a new one.
    private func remember(_ news: [TrialNews]) -> Report? {
      state.withLock { state in
        var isNew = false
        for one in news {
          switch one {
          case .reported(let report):
            state.last = report
            isNew = true
          case .extended(let report):
            if state.last?.epoch == report.epoch {
              state.last?.extend(by: report)
            } else {
              state.last = report
            }
            isNew = true
          case .checkpointed: break
          }
        }
        return isNew ? state.last : nil
      }
    }

    /// The end of an attempt whose work is done.
    func result(after seconds: Double) -> Event.Kind {
      claim.trial.end(
        of: claim.attempt, with: state.withLock(\.last), in: worker.specification,
        seconds: seconds, after: state.withLock(\.verdict))
    }
  }
}
