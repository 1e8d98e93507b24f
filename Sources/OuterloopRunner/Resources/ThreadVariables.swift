/// Variables that tell libraries how many threads they may use.
enum ThreadVariables {
  /// OpenMP's, which the libraries of `following` read where their own is not set.
  static let general = "OMP_NUM_THREADS"
  static let following = [
    "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
  ]
  static let others = [
    "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "TF_NUM_INTRAOP_THREADS",
    "LOKY_MAX_CPU_COUNT", "OUTERLOOP_THREADS",
  ]
  static var all: [String] { [general] + following + others }

  /// The variables to set, except those that the user has set. A number that was set for OpenMP also
  /// applies to the libraries that follow it.
  static func values(_ threads: Int, in environment: [String: String]) -> [String: String] {
    let ours = environment[general] == nil ? [general] + following : []
    var values: [String: String] = [:]
    for name in ours + others where environment[name] == nil { values[name] = "\(threads)" }
    return values
  }
}
