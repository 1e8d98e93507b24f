import OuterloopBilevel
import OuterloopNumerics

extension AbuseRoom {
  static let bilevel = AbuseRoom("OuterloopBilevel") { room in
  }
}
