private import Synchronization

extension StudyDriver {
  /// One of a driver's workers: runs one trial after the other.
  struct Worker: Sendable {
    let driver: StudyDriver
    let specification: StudySpecification
    let asker: Asker
    let notice: @Sendable (Notice) -> Void
    let claimant: Claimant

    func loop(_ work: some TrialWork, isStopping: @Sendable () -> Bool) async throws -> Ending {
      while !isStopping() {
        try Task.checkCancellation()
        switch try await asker.next(for: claimant, within: specification.budget) {
        case .trial(let claim): try await run(claim, work)
        case .wait:
          if driver.leavesOthers { return .budget }
          try await Task.sleep(for: .seconds(driver.pause))
        case .finished(.budget): return .budget
        case .finished(.exhausted): return .exhausted
        }
      }
      return .stopped
    }

    private func run(_ claim: Claim, _ work: some TrialWork) async throws {
      notice(.began(claim))
      let sink = Sink(worker: self, claim: claim)
      let ended: Event.Kind
      var cancellation: CancellationError?
      do {
        try await withHeartbeat(claim, sink) {
          try await work.run(TrialRequest(claim, of: specification), to: sink)
        }
        ended = sink.result()
      } catch let error as CancellationError {
        guard !sink.isOvertaken else { return }
        if Task.isCancelled { cancellation = error }
        ended = .released(attempt: claim.attempt, .cancelled)
      } catch let failure as TrialFailure {
        ended = end(claim, failure)
      } catch let error as StudyError {
        // No trial can run; this one is to wait for better times, as far as the store still works.
        let released = Event.Kind.released(attempt: claim.attempt, .cancelled)
        _ = try? await driver.store.append([released], to: claim.trial.number, of: claim.study)
        throw error
      } catch {
        ended = end(claim, TrialFailure(.error, "\(error)"))
      }
      // Written down even when the task has been cancelled: a task of its own is not.
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

    private func end(_ claim: Claim, _ failure: TrialFailure) -> Event.Kind {
      let errors = claim.trial.attempts.count { $0.reason == .error }
      if failure.reason == .error, errors < specification.retries {
        return .released(attempt: claim.attempt, .error)
      }
      return .finished(
        attempt: claim.attempt, .failed(failure.reason, message: failure.message))
    }

    /// Runs `body` while the lease is renewed. A lease that was lost cancels `body`; a renewal that
    /// fails is tried again, for as long as the lease lasts.
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
            try await Task.sleep(for: .seconds(claimant.lease / 3))
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

  /// Writes an attempt's reports down and remembers the last one.
  final class Sink: ReportSink {
    private struct State {
      var last: Report?
      var isOvertaken = false
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

    func report(_ report: Report) async throws -> Bool {
      guard try await append(.reported(attempt: claim.attempt, report)) else { return false }
      state.withLock { $0.last = report }
      worker.notice(.reported(claim, report))
      return true
    }

    func checkpointed(epoch: Int) async throws {
      _ = try await append(.checkpointed(attempt: claim.attempt, epoch: epoch))
    }

    private func append(_ kind: Event.Kind) async throws -> Bool {
      let answer = try await worker.driver.store.append(
        [kind], to: claim.trial.number, of: claim.study)
      guard answer != .accepted else { return true }
      overtake()
      return false
    }

    /// The end of an attempt whose work is done.
    func result() -> Event.Kind {
      let specification = worker.specification
      guard let last = state.withLock(\.last) else {
        return .finished(
          attempt: claim.attempt, .failed(.invalid, message: "it reported nothing"))
      }
      let end = last.end(of: claim, objectives: specification.objectives)
      guard case .finished(_, .complete) = end, claim.trial.through < specification.epochs else {
        return end
      }
      return .paused(attempt: claim.attempt)
    }
  }
}
