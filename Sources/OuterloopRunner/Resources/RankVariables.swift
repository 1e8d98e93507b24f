internal import OuterloopPlatform

/// Variables by which launchers of distributed programs number their processes.
///
/// Where such a launcher has started this process, as `srun -n 4 outerloop worker` does, its own rank
/// is none of the trial's: the program of a trial is the first, and perhaps only, process of its
/// training. A library that lets only rank 0 report would be silent in all other workers. What the
/// program starts by a launcher of its own gets ranks from that one.
enum RankVariables {
  static let names = [
    "RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID",
  ]

  /// What programs get in place of what this process has; those that are missing stay missing.
  static func replaced(_ environment: (String) -> String? = CLibrary.environment) -> [String:
    String]
  {
    var values: [String: String] = [:]
    for name in names {
      if let rank = environment(name), rank != "0" { values[name] = "0" }
    }
    return values
  }
}
