internal import OuterloopText

/// A program of Ray's Python API that runs workers as tasks.
struct RayProgram {
  let request: LaunchRequest
  /// The address of the cluster; nil: the one that Ray finds, or a new one on this machine.
  let address: String?

  /// Whether the program reads the store's address from OUTERLOOP_STORE.
  var takesStore: Bool { request.store.hasPassword }

  func text() throws -> String {
    let words = try request.words(namesStore: !takesStore).map(\.jsonString)
    return """
      # Workers of a study, as tasks of Ray. A task whose node or process is lost is started again by Ray; its
      # trial goes on from its last checkpoint, wherever a worker is free.
      import ctypes
      import os
      import signal
      import subprocess
      import sys

      try:
          import ray
      except ImportError:
          sys.exit("error: Python has no module ray\\n\\nhint: pip install ray, or name the Python that has it: --python")

      WORDS = [\(words.joined(separator: ", "))]
      WORKERS = \(request.workers)
      CPUS = \(request.cpus ?? request.parallel)
      GPUS = \(request.gpus ?? 0)
      MEMORY = \(request.memory.map(String.init) ?? "None")
      ADDRESS = \(address?.jsonString ?? "None")
      GRACE = \(Int(request.grace.rounded(.up)))
      # With a password it stands in no program and in no list of processes.
      STORE = \(takesStore ? #"os.environ["OUTERLOOP_STORE"]"# : "None")


      class WorkerLost(Exception):
          \"\"\"A worker was killed, perhaps for lack of memory.\"\"\"


      def end_with_ray():
          # The worker gets SIGTERM when the process of its task is gone.
          if sys.platform == "linux":
              ctypes.CDLL(None).prctl(1, signal.SIGTERM)


      @ray.remote(
          num_cpus=CPUS, num_gpus=GPUS, memory=MEMORY, max_retries=20, retry_exceptions=[WorkerLost],
          scheduling_strategy="SPREAD",
      )
      def work(number, store):
          environment = dict(os.environ, OUTERLOOP_CPUS=str(CPUS))
          # Ray counts the processors of the task; trials that run at the same time share them.
          if environment.get("OMP_NUM_THREADS") == str(CPUS):
              del environment["OMP_NUM_THREADS"]
          if store is not None:
              environment["OUTERLOOP_STORE"] = store
          worker = subprocess.Popen(WORDS, env=environment, preexec_fn=end_with_ray)
          try:
              status = worker.wait()
          except BaseException:
              worker.terminate()
              worker.wait()
              raise
          if status < 0 or status > 128:
              raise WorkerLost(f"worker {number} ended by signal {-status if status < 0 else status - 128}")
          return status


      def stop(*_):
          raise KeyboardInterrupt


      signal.signal(signal.SIGTERM, stop)
      ray.init(address=ADDRESS)
      tasks = [work.remote(number, STORE) for number in range(WORKERS)]
      try:
          statuses = ray.get(tasks)
      except KeyboardInterrupt:
          for task in tasks:
              ray.cancel(task)
          ray.wait(tasks, num_returns=len(tasks), timeout=GRACE + 15)
          sys.exit(130)
      except Exception as error:
          sys.exit(f"error: {error}")
      print("\\n".join(f"worker {number}: exit status {status}" for number, status in enumerate(statuses)), file=sys.stderr)
      sys.exit(max(statuses))

      """
  }
}
