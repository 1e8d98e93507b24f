/// What happens to the inner model between updates of lambda.
///
/// Estimators are compared fairly at equal schedules: the same number of updates of lambda and of
/// training steps, whatever each of them costs.
public struct TrainingSchedule: Sendable, Hashable {
  /// Where a training starts after another has ended.
  public enum Start: Sendable, Hashable {
    /// At s_0(lambda) again.
    case fresh
    /// Reptile (Nichol et al. 2018): `phi <- phi - rate (phi - w_T)` from the weights phi that the
    /// last training started at; the optimizer's buffers start at zero. Rate 1 goes on from w_T.
    /// Where several tasks are trained side by side, along a leading axis of every weight tensor,
    /// all of them start at the mean over that axis.
    case reptile(rate: Double, tasks: Int = 1)
  }

  /// Training steps between updates of lambda; nil for all T.
  public let every: Int?
  /// Where each training starts.
  public let start: Start
  /// Trainings at the most.
  public let trainings: Int?
  /// Whether each training sees the data of the first one again.
  let repeatsData: Bool

  /// A fresh model is trained through all T steps on the same data for each update of lambda:
  /// lambda is judged by where whole trainings end.
  public static let restarted = TrainingSchedule(
    every: nil, start: .fresh, trainings: nil, repeatsData: true)

  /// The model goes on training, and lambda is updated every so many steps, by what the last steps
  /// tell; steps left over at the end of T are trained without an update. Optimizer buffers and the
  /// step count are carried from window to window. After T steps another training begins, until
  /// all updates are made; data are counted on, so with `Batches` of a task per T steps each
  /// training is a new task.
  public static func online(
    every: Int = 1, start: Start = .fresh, trainings: Int? = nil
  ) -> TrainingSchedule {
    TrainingSchedule(every: every, start: start, trainings: trainings, repeatsData: false)
  }
}
