import OuterloopLearning
import OuterloopNumerics

extension AbuseRoom {
  static let learning = AbuseRoom("OuterloopLearning") { room in
  }
}
