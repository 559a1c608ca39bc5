import keras
from keras import layers

keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(6, 3), layers.MaxPooling2D(2), layers.Conv2D(16, 5)])
