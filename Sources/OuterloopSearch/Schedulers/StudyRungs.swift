public import OuterloopStudy

extension StudySpecification {
  /// The epochs at which the study's scheduler compares trials, rising, the last of them a full training; empty
  /// where it has no rungs. Of `hyperband` those of the bracket with the most, among which all others are; of
  /// `auto` those of what it begins with.
  ///
  /// - Complexity: O(rungs).
  public var rungs: [Int] {
    let scheduler = method.scheduler
    guard epochs > 1, let kind = try? SchedulerKind.named(scheduler.name) else { return [] }
    return (try? kind.rungs(self, scheduler.options)) ?? []
  }
}
