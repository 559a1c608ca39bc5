import keras
from keras import layers

model = keras.Sequential([keras.Input((28, 28, 1)), layers.Conv2D(6, 5, activation="relu"), layers.Dense(10)])
print(model.output_shape)
