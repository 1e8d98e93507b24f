internal import OuterloopNumerics
public import OuterloopStudy

/// The default for trainings with epochs: chooses a scheduler for the study.
///
/// - none, if there are so few trials that there is nothing to choose from.
/// - `freeze-thaw`, if the study has only one objective and possibly costs: it has the smallest regret of the
///   schedulers on recorded learning curves (`Benchmarks/results/learning-curves.md`).
/// - `asha` if the study has something that freeze-thaw ignores: a sampler, several objectives, constraints,
///   priors, earlier results. Then configurations come from that sampler. Also if OpenBLAS is not installed.
/// - `asha:stopping=true` when a trial that was continued has restarted at epoch 0, and is paused without a
///   checkpoint again: a program that cannot resume is better run to the end at once. The first pause alone is no
///   evidence: many programs write no checkpoint in their first epoch, or only every few epochs. The searcher of
///   that scheduler then observes the study from its first event on.
///
/// So its behaviour is a function of the study and its events, and replays agree.
struct AutomaticTraining: Searcher {
  private let specification: StudySpecification
  private let sampler: SamplerMethod
  private var searcher: any Searcher
  private var plan: AutomaticTrainingChoice
  private var log: [Event] = []
  private var failure: (any Error)?

  init(_ specification: StudySpecification, _ sampler: SamplerMethod) throws {
    self.specification = specification
    self.sampler = sampler
    plan = AutomaticTrainingChoice(specification)
    searcher = try plan.method(sampler).searcher(specification)
  }

  var choice: String? {
    ([plan.description] + [searcher.choice].compactMap(\.self)).joined(separator: "; ")
  }

  mutating func observe(_ event: Event, in history: History) {
    if plan.scheduler != .stopping { log.append(event) }
    guard plan.scheduler != .stopping, plan.scheduler != .none, case .paused = event.kind,
      history.trials[event.trial].hasRestartedWithoutCheckpoint
    else { return searcher.observe(event, in: history) }
    plan.stopRunning()
    do {
      searcher = try plan.method(sampler).searcher(specification)
      var past = History()
      for event in log {
        // Searchers do not see every event of a study, so revisions may have gaps.
        past.apply(event)
        searcher.observe(event, in: past)
      }
    } catch { failure = error }
    log = []
  }

  mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    if let failure { throw failure }
    return try searcher.propose(number, in: history)
  }

  mutating func verdict(on trial: Int, in history: History) throws -> Verdict {
    try searcher.verdict(on: trial, in: history)
  }
}

extension Trial {
  /// Whether it was paused more than once and has no checkpoint: it was trained from epoch 0 each time.
  fileprivate var hasRestartedWithoutCheckpoint: Bool {
    checkpoint == 0 && attempts.count { $0.ended != nil && $0.reason == nil } > 1
  }
}

/// The choice of the scheduler `auto`, and the reason.
public struct AutomaticTrainingChoice: Sendable, Hashable, CustomStringConvertible {
  enum Scheduler: Sendable {
    case none, freezeThaw, asha, stopping
  }

  private static let fewTrials = 10

  var scheduler: Scheduler
  /// As half a sentence.
  public var reason: String

  init(_ specification: StudySpecification) {
    let sampler = specification.method.sampler.name
    if specification.epochs == 1 {
      (scheduler, reason) = (.none, "as a training has one epoch")
    } else if specification.budget.epochs == nil,
      let trials = specification.budget.trials, trials < Self.fewTrials
    {
      (scheduler, reason) = (.none, "for fewer than \(Self.fewTrials) trials")
    } else if sampler != SamplerKind.auto.name {
      (scheduler, reason) = (.asha, "with the sampler \(sampler)")
    } else if specification.objectives.count > 1 {
      (scheduler, reason) = (.asha, "for several objectives")
    } else if !specification.constraints.isEmpty {
      (scheduler, reason) = (.asha, "for bounds on results")
    } else if !specification.priors.isEmpty || !specification.earlier.isEmpty {
      (scheduler, reason) = (.asha, "for what is known of good values")
    } else if (try? BLAS.load()) == nil {
      (scheduler, reason) = (.asha, "since OpenBLAS, which freeze-thaw needs, is not installed")
    } else {
      (scheduler, reason) = (.freezeThaw, "while programs continue from checkpoints, else asha")
    }
  }

  /// From here on running trials are stopped instead of paused.
  mutating func stopRunning() {
    (scheduler, reason) = (.stopping, "with stopping, since trials restart without a checkpoint")
  }

  /// The choice, in a word or two.
  public var name: String {
    switch scheduler {
    case .none: "to the end"
    case .freezeThaw: "freeze-thaw"
    case .asha, .stopping: "asha"
    }
  }

  /// The choice and the reason.
  public var description: String { "\(name) \(reason)" }

  func method(_ sampler: SamplerMethod) -> SearchMethod {
    var options = AsynchronousHalvingOptions()
    options.stopping = scheduler == .stopping
    switch scheduler {
    case .none: return SearchMethod(sampler)
    case .freezeThaw: return .freezeThaw()
    case .asha, .stopping: return SearchMethod(sampler, .asha(options))
    }
  }
}

extension StudySpecification {
  /// The initial choice of the scheduler `auto`; nil if the study has another one.
  public var automaticTraining: AutomaticTrainingChoice? {
    method.scheduler.name == SchedulerKind.automaticName ? AutomaticTrainingChoice(self) : nil
  }
}

extension SchedulerKind {
  static let automaticName = "auto"

  static let auto = SchedulerKind(
    automaticName,
    "freeze-thaw where it can be used, else asha; programs without checkpoints are stopped early"
  ) { .automaticTraining($0) }
}

extension SearchMethod {
  /// Chooses a scheduler for the study; see `AutomaticTrainingChoice`.
  public static func automaticTraining(_ sampler: SamplerMethod = .auto()) -> SearchMethod {
    SearchMethod(
      MethodDescription(
        sampler.description, scheduler: ComponentDescription(SchedulerKind.automaticName))
    ) { try AutomaticTraining($0, sampler) }
  }
}
