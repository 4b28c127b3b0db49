// Segments a photo with a checkpoint.   dotnet run -c Release --project samples/SegmentPhoto -- CHECKPOINT PHOTO OUT.png [device]
using HeteroAKD.Data;
using HeteroAKD.Nn;
using HeteroAKD.Nn.Models;
using HeteroAKD.Tensors;
using HeteroAKD.Tensors.Autograd;
using HeteroAKD.Training.Checkpoints;

if (args.Length < 3)
{
    Console.Error.WriteLine("usage: SegmentPhoto CHECKPOINT PHOTO OUT.png [device]");
    return 2;
}

// What the network was trained with: its checkpoint keeps it as augmentation.mean and augmentation.std.
float[] mean = [0.485f, 0.456f, 0.406f], deviation = [0.229f, 0.224f, 0.225f];
using Device device = Device.Open(args.Length > 3 ? args[3] : "cpu");
using SegmentationModel model = Checkpoint.Load(args[0]).CreateModel(device);
using FrozenNetwork network = model.Freeze();
RgbImage photo = ImageCodec.Usual.ReadRgb(args[1]);
float[] pixels = new float[3 * photo.Width * photo.Height]; // [3, H, W]
for (int i = 0; i < pixels.Length; i++)
{
    int channel = i / (photo.Width * photo.Height), place = i % (photo.Width * photo.Height);
    pixels[i] = ((photo.Pixels[(place * 3) + channel] / 255f) - mean[channel]) / deviation[channel];
}

using NoGrad none = new();
using StepScope step = device.BeginStep();
Tensor logits = network.Forward(Tensor.From(device, new Shape(1, 3, photo.Height, photo.Width), pixels)).Logits;
int[] classes = Functional.Argmax(Functional.Interpolate(logits, photo.Height, photo.Width)).ToInts();
LabelPng.Write(args[2], Array.ConvertAll(classes, c => (byte)c), photo.Width, photo.Height);
foreach ((int id, int count) in classes.CountBy(c => c).OrderByDescending(c => c.Value))
{
    Console.WriteLine($"class {id}: {100.0 * count / classes.Length:F1} %");
}

return 0;
