internal import OuterloopStudy

/// What never changes in a study, kept so that rows can be read without reading the study first.
struct KnownStudy: Sendable {
  let objectives: [Objective]
  let maxAttempts: Int
  let coder: AssignmentCoder
  private let specification: StudySpecification

  init(_ specification: StudySpecification) {
    self.specification = specification
    objectives = specification.objectives
    maxAttempts = specification.maxAttempts
    coder = AssignmentCoder(specification.space)
  }

  func endOfLost(attempt: Int) -> Event.Kind { specification.endOfLost(attempt: attempt) }
}
