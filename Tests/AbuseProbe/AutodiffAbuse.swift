import OuterloopAutodiff
import OuterloopNumerics

extension AbuseRoom {
  static let autodiff = AbuseRoom("OuterloopAutodiff") { room in
  }
}
