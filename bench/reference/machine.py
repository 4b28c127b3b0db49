"""Says which python, PyTorch and triton there are."""

import platform

import common


def main():
    print(f"python {platform.python_version()}")
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
