import keras
from keras import layers

keras.Sequential([keras.Input((1, 28, 28)), layers.Conv2D(6, 5)])
