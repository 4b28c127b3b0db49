"""Says which python, compilers, PyTorch and triton there are."""

import os
import platform
import shutil
import sysconfig

import common


def main():
    print(f"python {platform.python_version()}")
    # torch.compile and triton build helpers with them.
    compilers = [path for path in map(shutil.which, ("cc", "gcc", "clang", "nvcc")) if path]
    print(f"compilers {', '.join(compilers) or 'none'}")
    header = os.path.join(sysconfig.get_paths()["include"], "Python.h")
    print(f"Python.h {'there' if os.path.exists(header) else 'missing'}")
    torch, reason = common.import_torch()
    if torch is None:
        print(f"torch {reason}")
        return
    print(f"torch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}, GPU {'seen' if torch.cuda.is_available() else 'not seen'}")
    try:
        import triton
    except ImportError as error:
        print(f"triton not installed ({error})")
    else:
        print(f"triton {triton.__version__}")


if __name__ == "__main__":
    main()
