public import OuterloopStudy

extension StudySpecification {
  /// The epochs at which the study's scheduler compares trials, ascending, the last of them a full training;
  /// empty if it has no rungs. For `hyperband` those of the bracket with the most, which include all others;
  /// for `auto` those of its initial choice.
  ///
  /// - Complexity: O(rungs).
  public var rungs: [Int] {
    let scheduler = method.scheduler
    guard epochs > 1, let kind = try? SchedulerKind.named(scheduler.name) else { return [] }
    return (try? kind.rungs(self, scheduler.options)) ?? []
  }
}
